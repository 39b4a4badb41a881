import { describe, expect, it } from 'vitest';
import { dialogOfCallee, dialogOfCaller, within } from '../stage/dialog.js';
import { hearRequest } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

const event = 'Event: presence;id=7';

describe.each(topologies)('presence, %s', (_, topology) => {
  const { actor } = perform({ topology, cast: { acme: {}, bolt: {} } });

  it('SUBSCRIBE makes a dialog: NOTIFYs come back by its route, a refresh and the end go there', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const subscribe = acme.say('SUBSCRIBE', 'sip:bob@bolt.example', { headers: [event, 'Expires: 600', 'Contact: <sip:alice@10.1.1.1>'] });
    const heard = await hearRequest(bolt, subscribe);
    expect(heard.headers('record-route')).toHaveLength(1);
    expect(heard.header('expires')).toBe('600');
    bolt.answer(heard, 200, { headers: ['Expires: 300', 'Contact: <sip:bob@10.2.2.2>'] });
    const accepted = await acme.hearFinal(subscribe);
    expect(accepted.header('expires')).toBe('300');
    const watcher = dialogOfCaller(subscribe, accepted);
    const watched = dialogOfCallee(heard);

    for (const [cseq, state] of [
      [1, 'active'],
      [2, 'active'],
      [3, 'terminated'],
    ] as const) {
      const notify = within(watched, 'NOTIFY', { cseq, headers: [event, `Subscription-State: ${state}`] });
      bolt.line().say(notify.text);
      const told = await hearRequest(acme, notify);
      expect(told.uri).toBe('sip:alice@10.1.1.1');
      expect(told.headers('route')).toEqual([]);
      acme.answer(told, 200);
      await bolt.hearFinal(notify);
    }
    const end = within(watcher, 'SUBSCRIBE', { headers: [event, 'Expires: 0'] });
    acme.line().say(end.text);
    const ended = await hearRequest(bolt, end);
    expect(ended.uri).toBe('sip:bob@10.2.2.2');
    bolt.answer(ended, 200);
    await acme.hearFinal(end);
  });

  it('a NOTIFY may overtake the 200 of its SUBSCRIBE and makes the dialog then (RFC 6665 4.4.1)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const subscribe = acme.say('SUBSCRIBE', 'sip:bob@bolt.example', { headers: [event, 'Contact: <sip:alice@10.1.1.1>'] });
    const heard = await hearRequest(bolt, subscribe);
    const notify = within(dialogOfCallee(heard), 'NOTIFY', { headers: [event, 'Contact: <sip:bob@10.2.2.2>'] });
    bolt.line().say(notify.text);
    const told = await hearRequest(acme, notify);
    expect(told.headers('record-route')).toHaveLength(1);
    acme.answer(told, 200);
    await bolt.hearFinal(notify);
    bolt.answer(heard, 200);
    await acme.hearFinal(subscribe);

    const refresh = within(dialogOfCallee(told), 'SUBSCRIBE', { cseq: 2, from: told.header('to'), headers: [event] });
    acme.line().say(refresh.text);
    const refreshed = await hearRequest(bolt, refresh);
    expect(refreshed.uri).toBe('sip:bob@10.2.2.2');
    bolt.answer(refreshed, 200);
    await acme.hearFinal(refresh);
  });
});
