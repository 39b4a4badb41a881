import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openCall } from '../stage/call.js';
import { within } from '../stage/dialog.js';
import { exchange, hearRequest, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { acknowledge } from '../stage/speech.js';

describe.each(topologies)('tokens and hops that were made up, %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {}, crow: {} } });

  /** The token in a Record-Route of ours, and how it is put into a Route. */
  const tokenOf = (route: string) => /<sips?:([^@]+)@/.exec(route)?.[1] ?? '';

  it('a token signed with a guessed key, of another version, usage or length, or with parts too many: refused', async () => {
    const { caller } = await openCall(actor('acme'), actor('bolt'));
    const [own = ''] = caller.routes;
    const token = tokenOf(own);
    const parts = token.split('.');
    const [version, key, from, to, usage, sum = ''] = parts;
    const guessed = (text: string) => `${text}.${createHmac('sha256', '').update(text).digest().subarray(0, 16).toString('base64url')}`;
    const made = [
      guessed(`g1.${key}.${from}.${to}.${usage}`),
      guessed(`g1..${from}.${to}.${usage}`),
      guessed(`g1.${key}.acme.crow.I`),
      guessed(`g1.__proto__.acme.crow.I`),
      `g2.${parts.slice(1).join('.')}`,
      [version, key, from, to, 'S', sum].join('.'),
      [version, key, from, to, 'toString', sum].join('.'),
      [version, key, from, to, '', sum].join('.'),
      `${token}.${sum}`,
      `${token}A`,
      `${token}=`,
      `${token}%41`,
      token.replace('g1', '%671').slice(0, -1),
      token.toUpperCase(),
      `${token.slice(0, -sum.length)}${'A'.repeat(sum.length)}`,
      `${token.slice(0, -sum.length)}${'A'.repeat(3000)}`,
      `${token.slice(0, -sum.length)}\xff${sum.slice(1)}`,
      `g1.${'a'.repeat(400)}`,
      'g1.....',
      ...Array.from({ length: sum.length }, (_one, cut) => token.slice(0, token.length - cut - 1)),
    ];
    for (const other of made) {
      const told = await refusal(actor('acme'), within({ ...caller, routes: [own.replace(token, other)] }, 'BYE'));
      expect(told, other).toMatch(/^(403 bad-route-token|400 bad-message)$/);
    }
    // The honest one still leads there.
    const bye = within(caller, 'BYE');
    actor('acme').line().say(bye.text);
    actor('bolt').answer(await actor('bolt').hear('BYE'), 200);
    await actor('acme').hearAnswer(bye, 200);
  });

  it('a token replayed outside a dialog, under another usage’s method or by the far side turned round: leads to its two members, if anywhere', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { caller, callee } = await openCall(acme, bolt);
    const fresh = acme.request('MESSAGE', 'sip:carol@crow.example', { routes: caller.routes });
    expect(await refusal(acme, fresh)).toBe('403 bad-route-token');
    // Its other member may use it: it leads back to acme, whatever the Request-URI says.
    const info = within({ ...callee, routes: caller.routes, target: 'sip:carol@crow.example' }, 'INFO');
    bolt.line().say(info.text);
    acme.answer(await hearRequest(acme, info), 200);
    await bolt.hearAnswer(info, 200);
    // To a third member it is worth nothing, alone, twice, or behind a bare Route of the hub.
    const crow = actor('crow');
    for (const routes of [caller.routes, [...caller.routes, ...caller.routes], [`<sip:${hub().domain};lr>`, ...caller.routes]]) {
      const stolen = within({ ...caller, local: '<sip:carol@crow.example>;tag=1', routes }, 'INFO');
      expect(await refusal(crow, stolen)).toBe('403 bad-route-token');
    }
  });

  it('a Record-Route that a sender wrote: the hub’s own stands on top of it, and a dialog’s requests come by the hub', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const spoofed = [
      `Record-Route: <sip:g1.k.acme.crow.I.AAAAAAAAAAAAAAAAAAAAAA@${hub().domain};lr>`,
      'Record-Route: <sip:evil.test;lr>, <sip:sip.crow.example;lr>',
    ];
    const invite = acme.say('INVITE', 'sip:bob@bolt.example', { headers: [...spoofed, 'Contact: <sip:alice@10.1.1.1>'] });
    const heard = await hearRequest(bolt, invite);
    await acme.hearAnswer(invite, 100);
    const [top = '', ...others] = heard.headers('record-route');
    expect(tokenOf(top)).toMatch(/^g1\..*\.acme\.bolt\.I\./);
    expect(others.map((value) => `Record-Route: ${value}`)).toEqual(spoofed);
    bolt.answer(heard, 486);
    await bolt.hear('ACK');
    acme.line().say(acknowledge(invite, await acme.hearFinal(invite)).text);
    // What bolt would say along that set goes to acme, and the rest of the set is acme's to judge.
    const { callee } = await openCall(acme, bolt);
    const info = within({ ...callee, routes: [...callee.routes, '<sip:evil.test;lr>'] }, 'INFO');
    bolt.line().say(info.text);
    const arrived = await hearRequest(acme, info);
    expect(arrived.headers('route')).toEqual(['<sip:evil.test;lr>']);
    acme.answer(arrived, 200);
    await bolt.hearAnswer(info, 200);
  });

  it.each([
    ['0', '483 too-many-hops'],
    ['00', '483 too-many-hops'],
    ['-1', '400 bad-message'],
    ['+70', '400 bad-message'],
    ['256', '400 bad-message'],
    ['4294967296', '400 bad-message'],
    ['4294967366', '400 bad-message'],
    ['1e1', '400 bad-message'],
    ['', '400 bad-message'],
    ['70, 70', '400 bad-message'],
    ['70\r\nMax-Forwards: 70', '400 bad-message'],
    ['7\r\n 0', '400 bad-message'],
  ])('Max-Forwards %j: %s', async (value, expected) => {
    const acme = actor('acme');
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example');
    expect(await refusal(acme, { ...said, text: said.text.replace('Max-Forwards: 70', `Max-Forwards: ${value}`) })).toBe(expected);
  });

  it('a hundred requests of three members through tokens of each other: nobody is heard in a call that is not theirs', async () => {
    const cast = [actor('acme'), actor('bolt'), actor('crow')] as const;
    const pairs = [
      [cast[0], cast[1], cast[2]],
      [cast[1], cast[2], cast[0]],
      [cast[2], cast[0], cast[1]],
    ] as const;
    for (const [one, other, third] of pairs) {
      const { caller } = await openCall(one, other);
      for (const method of ['BYE', 'INFO', 'UPDATE', 'MESSAGE', 'NOTIFY', 'REFER', 'SUBSCRIBE', 'PUBLISH', 'X-ODD']) {
        const stolen = within({ ...caller, local: `<sip:x@${third.domain}>;tag=1` }, method, { headers: ['Event: presence'] });
        expect(await refusal(third, stolen)).toBe('403 bad-route-token');
      }
    }
    await exchange(cast[0], cast[1]);
  });
});
