import { describe, expect, it } from 'vitest';
import { dialogOfCaller, within } from '../stage/dialog.js';
import { exchange, hearRequest } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { answer } from '../stage/speech.js';

describe.each(topologies)('INVITEs that were accepted (RFC 6026), %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {}, crow: {} } });

  it('7.1, 8.4: every 2xx passes, each with its ACK; the INVITE said again is absorbed; anything else is dropped', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.say('INVITE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, said);
    await acme.hearAnswer(said, 100);
    const contact = { headers: ['Contact: <sip:bob@10.2.2.2>'] };
    for (let times = 0; times < 3; times++) {
      bolt.answer(heard, 200, contact);
      const ok = await acme.hear((message) => message.status > 0);
      expect(ok.status).toBe(200);
      acme.line().say(said.text);
      const ack = within(dialogOfCaller(said, ok), 'ACK', { cseq: said.cseq });
      acme.line().say(ack.text);
      await hearRequest(bolt, ack);
      bolt.answer(heard, 180);
      bolt.answer(heard, 486);
    }
    acme.line().say(said.text);
    await acme.hearFinal(acme.say('OPTIONS', `sip:${hub().domain}`));
    await exchange(bolt, acme);
  });

  it('7.3: an answer that matches nothing goes nowhere, whatever its Via says', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { request } = await exchange(acme, bolt);
    const { branch } = /branch=(?<branch>\S+)/.exec(request.header('via'))?.groups ?? {};
    for (const other of ['z9hG4bK', 'z9hG4bKnone.1.1', `${branch}.1`, `${branch}0`]) {
      request.line.say(answer(request, 200).replace(branch ?? '', other));
    }
    const [, ...below] = request.headers('via');
    const text = answer(request, 200).replace(/Via: [^\r]*\r\n/, '');
    request.line.say(text);
    request.line.say(text.replace(`Via: ${below[0]}`, `Via: SIP/2.0/TLS 127.0.0.1:${actor('crow').port};branch=z9hG4bKx`));
    await exchange(acme, bolt);
    await exchange(bolt, actor('crow'));
  });
});
