import { describe, expect, it } from 'vitest';
import { openCall } from '../stage/call.js';
import { within } from '../stage/dialog.js';
import { exchange, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('nobody speaks for another member, %s', (_, topology) => {
  const { actor } = perform({ topology, cast: { acme: { domains: ['acme.example', 'acme.test'] }, bolt: {} } });

  it.each([
    ['<sip:bob@bolt.example>', 'another member'],
    ['sip:bob@bolt.example', 'another member, without brackets'],
    ['"sip:alice@acme.example" <sip:bob@bolt.example>', 'another member behind a display name that looks right'],
    ['"<sip:alice@acme.example>" <sip:bob@bolt.example>', 'another member behind a quoted address that looks right'],
    ['<sip:alice%40acme.example@bolt.example>', 'another member behind an escaped @'],
    ['<sip:alice@acme.example.evil.test>', 'a domain that begins like ours'],
    ['<sip:alice@notacme.example>', 'a domain that ends like ours'],
    ['<sip:alice@nobody.test>', 'a domain that is nobody’s'],
    ['<sip:alice@127.0.0.1>', 'an address'],
    ['<tel:+4912345>', 'a number, which no domain vouches for'],
    ['<sip:hub.example>', 'the hub itself'],
  ])('refuses a From of %s: %s', async (from) => {
    const acme = actor('acme');
    expect(await refusal(acme, acme.request('MESSAGE', 'sip:bob@bolt.example', { from }))).toBe('403 from-not-yours');
  });

  it('refuses a foreign From in its compact form and in any letter case', async () => {
    const acme = actor('acme');
    for (const name of ['f', 'F', 'FROM', 'fRoM']) {
      const said = acme.request('MESSAGE', 'sip:bob@bolt.example', { from: '<sip:bob@bolt.example>' });
      const spelled = { ...said, text: said.text.replace('\r\nFrom:', `\r\n${name} :`) };
      expect(await refusal(acme, spelled)).toBe('403 from-not-yours');
    }
  });

  it('refuses a second From', async () => {
    const acme = actor('acme');
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example', { headers: ['f: <sip:bob@bolt.example>;tag=2'] });
    expect(await refusal(acme, said)).toBe('400 bad-message');
  });

  it.each([
    [['P-Asserted-Identity: <sip:bob@bolt.example>'], 'another member'],
    [['P-Asserted-Identity: <sip:alice@acme.example>, <sip:bob@bolt.example>'], 'another member, second of a list'],
    [['P-Asserted-Identity: <sip:alice@acme.example>', 'p-asserted-identity: <sip:bob@bolt.example>'], 'another member, in a second field'],
    [['P-Asserted-Identity: "a, <sip:alice@acme.example>" <sip:bob@bolt.example>'], 'another member behind a comma in quotes'],
    [['P-Asserted-Identity: <sip:alice@acme.example>, <tel:+4912345>'], 'a number'],
  ])('refuses %j: %s', async (headers) => {
    const acme = actor('acme');
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example', { headers });
    expect(await refusal(acme, said)).toBe('403 asserted-identity-not-yours');
  });

  it('refuses a foreign From in a dialog that stands, from either side', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { caller, callee } = await openCall(acme, bolt);

    for (const method of ['BYE', 'INVITE', 'INFO']) {
      expect(await refusal(acme, within({ ...caller, local: caller.remote }, method))).toBe('403 from-not-yours');
      expect(await refusal(bolt, within({ ...callee, local: '<sip:mallory@acme.example>;tag=1' }, method))).toBe('403 from-not-yours');
    }
    // An ACK is never answered: a forged one is dropped, which the next honest one shows.
    acme.line().say(within(caller, 'ACK', { cseq: 1, from: '<sip:bob@bolt.example>;tag=1' }).text);
    const honest = within(caller, 'ACK', { cseq: 1 });
    acme.line().say(honest.text);
    expect((await bolt.hear('ACK')).header('from')).toBe(honest.from);
  });

  it('lets through what is a member’s own: other domains, subdomains, any letter case, asserted identities', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    for (const from of ['<sip:alice@ACME.Example>', '<sip:alice@acme.test>', '<sips:alice@sales.acme.example>', 'sip:alice@acme.example']) {
      const { request } = await exchange(acme, bolt, { from });
      expect(request.header('from').startsWith(from)).toBe(true);
    }
    const asserted = 'P-Asserted-Identity: "Alice" <sip:alice@acme.example>, <sip:a@acme.test>';
    const { request } = await exchange(acme, bolt, { headers: [asserted] });
    expect(request.text).toContain(`\r\n${asserted}\r\n`);
  });

  it('strips what other networks’ edges claim to trust', async () => {
    const { request } = await exchange(actor('acme'), actor('bolt'), {
      headers: [
        'Subject: kept',
        'ms-edge-proxy-message-trust: ms-source-type=AutoFederation;ms-ep-fqdn=evil.test',
        'MS-Edge-Proxy-Message-Trust: x',
        'X-Kept: 1',
      ],
    });
    expect(request.text.toLowerCase()).not.toContain('ms-edge-proxy');
    expect(request.text).toContain('\r\nSubject: kept\r\nX-Kept: 1\r\n');
  });
});
