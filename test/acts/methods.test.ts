import { describe, expect, it } from 'vitest';
import { hearRequest } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

const event = 'Event: presence;id=7';

describe.each(topologies)('any method, any answer (RFC 3261 16.3 item 1, 16.7), %s', (_, topology) => {
  const { actor } = perform({ topology, cast: { acme: {}, bolt: {} } });

  it.each(['MESSAGE', 'PUBLISH', 'OPTIONS', 'INFO', 'REFER', 'REGISTER', 'UPDATE', 'PRACK', 'message', 'SING', "X-._!%*+`'~"])(
    '%s',
    async (method) => {
      const acme = actor('acme');
      const bolt = actor('bolt');
      for (const status of [200, 299, 301, 404, 489, 501, 600]) {
        const said = acme.say(method, 'sip:bob@bolt.example', { headers: [event] });
        bolt.answer(await hearRequest(bolt, said), status, { phrase: 'As It Is' });
        expect((await acme.hearFinal(said)).text.startsWith(`SIP/2.0 ${status} As It Is\r\n`)).toBe(true);
      }
    },
  );

  it('many at once keep their order and their answers', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = Array.from({ length: 200 }, (_, index) => acme.request('MESSAGE', 'sip:bob@bolt.example', { body: `${index}` }));
    acme.line().say(said.map((one) => one.text).join(''));
    for (const [index, one] of said.entries()) {
      const heard = await bolt.hear('MESSAGE');
      expect(heard.body).toBe(`${index}`);
      bolt.answer(heard, 200, { tag: `t${index}` });
      expect(heard.header('call-id')).toBe(one.callId);
    }
    for (const [index, one] of said.entries()) expect((await acme.hearFinal(one)).header('to')).toContain(`tag=t${index}`);
  });
});
