import type { Caller } from '@guildhall/chassis/api/caller';
import { factsOf, parseAnchors } from '@guildhall/chassis/certificate';
import { afterEach, describe, expect, it } from 'vitest';
import { type AuthorityStage, acme, authorityStage, day, memberCaller, nobody, operator, requestFor } from './authority.stage.js';

/** For what comes by itself, on a slow machine too. */
const soon = { timeout: 30_000 };

let stage: AuthorityStage;
afterEach(() => stage.close());

const filed = () => [...stage.kept.certificates.all()].length;

describe('enrolment refuses', () => {
  it.each<[what: string, names: Parameters<typeof requestFor>[0], says: RegExp]>([
    [
      "another member's domain",
      { sipDomains: ['bolt.example'] },
      /"bolt.example", which member acme may not have: it belongs to another member/,
    ],
    ["another member's domain as DNS name", { dnsNames: ['acme.example', 'bolt.example'] }, /"bolt.example"/],
    ["a name below another member's domain", { dnsNames: ['sip.bolt.example'] }, /belongs to another member/],
    ["another member's domain as common name", { commonName: 'Bolt.Example' }, /"bolt.example"/],
    ["the hub's own name", { dnsNames: ['hub.example'] }, /belongs to the hub/],
    ["a name below the hub's", { dnsNames: ['acme.hub.example'] }, /belongs to the hub/],
    ['a wildcard', { dnsNames: ['*.acme.example'] }, /"\*.acme.example".*wildcard/],
    ['a wildcard as common name', { commonName: '*.acme.example' }, /wildcard/],
    ['a name nobody has vetted', { dnsNames: ['other.acme.example'] }, /"other.acme.example".*neither a domain of it nor a name/],
    ["a proxy's name as SIP domain", { sipDomains: ['sip.acme.example'] }, /no SIP domain/],
    ['a name that breaks lines', { dnsNames: ['acme.example\nX: y'] }, /"acme.example\\u000aX: y"|cannot be read|printable/],
  ])('%s, and the token stays good', async (_what, names, says) => {
    stage = await authorityStage();
    const token = await stage.invite('acme');
    const bad = await requestFor(names);
    await expect(stage.kept.handlers.enrol({ token, signingRequest: bad.signingRequest }, nobody)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(says),
    });
    expect(filed()).toBe(0);
    const good = await requestFor({ sipDomains: ['acme.example'] });
    expect((await stage.kept.handlers.enrol({ token, signingRequest: good.signingRequest }, nobody)).certificate?.member).toBe('acme');
  });

  it('a token used twice, also when both come at once', async () => {
    stage = await authorityStage();
    const token = await stage.invite('acme');
    const requests = await Promise.all([requestFor({}), requestFor({}), requestFor({})]);
    const results = await Promise.allSettled(
      requests.map(({ signingRequest }) => stage.kept.handlers.enrol({ token, signingRequest }, nobody)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(results.filter((one) => one.status === 'rejected').map((one) => one.reason.code)).toEqual(['denied', 'denied']);
    expect(filed()).toBe(1);
  });

  it('an expired token, a revoked one, an unknown one, and one that is none', async () => {
    stage = await authorityStage();
    const { signingRequest } = await requestFor({});
    const enrol = (token: string) => stage.kept.handlers.enrol({ token, signingRequest }, nobody);
    const token = await stage.invite('acme');
    stage.clock.now += 7 * day + 1;
    await expect(enrol(token)).rejects.toMatchObject({ code: 'denied', message: expect.stringMatching(/ended|expired/) });
    await expect(enrol(token.replace(/_[0-9a-f]{48}_/, `_${'0'.repeat(48)}_`))).rejects.toMatchObject({ code: 'denied' });
    await expect(enrol('')).rejects.toMatchObject({ code: 'denied' });
    await expect(enrol('x'.repeat(100_000))).rejects.toMatchObject({ code: 'denied' });
    expect(filed()).toBe(0);
  });

  it('a key that another member has, one that was compromised, and a request that is none', async () => {
    stage = await authorityStage();
    const { handlers } = stage.kept;
    const first = await requestFor({ sipDomains: ['bolt.example'] });
    const bolt = await handlers.enrol({ token: await stage.invite('bolt'), signingRequest: first.signingRequest }, nobody);
    const same = await requestFor({ sipDomains: ['acme.example'] }, first.key);
    const token = await stage.invite('acme');
    await expect(handlers.enrol({ token, signingRequest: same.signingRequest }, nobody)).rejects.toThrow(/in use by another member/);
    await expect(handlers.enrol({ token, signingRequest: 'hello' }, nobody)).rejects.toMatchObject({ code: 'invalid' });
    const revoke = { serial: bolt.certificate?.serial ?? '', member: '', reason: 'keyCompromise', why: '', dryRun: false };
    await handlers.revokeCertificate(revoke, operator);
    await expect(handlers.enrol({ token: await stage.invite('bolt'), signingRequest: first.signingRequest }, nobody)).rejects.toThrow(
      /compromised/,
    );
  });

  it('more than a member may have at the same time, revoked ones too: the list has room for everybody’s', async () => {
    stage = await authorityStage({ settings: { perMember: 2 } });
    const { handlers } = stage.kept;
    const enrol = async (member: string) => {
      const { signingRequest } = await requestFor({ sipDomains: [`${member}.example`] });
      return handlers.enrol({ token: await stage.invite(member), signingRequest }, nobody);
    };
    await enrol('acme');
    const { chain } = await enrol('acme');
    await handlers.revokeCertificate({ serial: '', member: 'acme', reason: '', why: '', dryRun: false }, memberCaller('acme', chain));
    await expect(enrol('acme')).rejects.toMatchObject({
      code: 'limit',
      message: 'Member acme has 2 certificates that have not ended already.',
    });
    await enrol('bolt');
    stage.clock.now += 366 * day;
    await expect(enrol('acme')).resolves.toMatchObject({ certificate: { member: 'acme' } });
  });

  it('members that are suspended or unknown, with until when and why', async () => {
    stage = await authorityStage();
    await expect(stage.invite('cato')).rejects.toThrow(
      'Member cato is suspended until 2030-01-01T00:00:00Z (unpaid) and gets no certificate.',
    );
    await expect(stage.invite('nix')).rejects.toMatchObject({ code: 'not-found' });
    await expect(stage.invite('acme', ['sip.bolt.example'])).rejects.toMatchObject({ code: 'invalid' });
    await expect(stage.invite('acme', ['*.acme.example'])).rejects.toMatchObject({ code: 'invalid' });
  });

  it('everything while the key is elsewhere', async () => {
    stage = await authorityStage({ offline: true });
    await expect(stage.invite('acme')).rejects.toMatchObject({ code: 'precondition', cure: expect.stringContaining('guildhall ca sign') });
    expect(await stage.kept.handlers.getAuthority({}, nobody)).toMatchObject({ certificate: stage.authority.pem, issues: false });
  });
});

describe('enrolment', () => {
  it('issues for exactly what was asked for, and files it', async () => {
    stage = await authorityStage();
    const { key, signingRequest } = await requestFor({ commonName: 'Acme Inc.', dnsNames: ['acme.example', 'sip.acme.example'] });
    const answer = await stage.kept.handlers.enrol({ token: await stage.invite('acme'), signingRequest }, nobody);
    const [leaf, ca] = parseAnchors([answer.chain]);
    const facts = factsOf(leaf === undefined ? [] : [leaf], true, '');
    expect(facts).toMatchObject({ uris: ['sip:acme.example'], dnsNames: ['acme.example', 'sip.acme.example'], commonName: 'acme.example' });
    expect(leaf?.publicKey.export({ type: 'spki', format: 'der' })).toEqual(key.spki);
    expect(ca?.raw).toEqual(stage.authority.certificate.raw);
    expect(answer).toMatchObject({ anchors: [stage.authority.pem], hubDomain: 'hub.example' });
    expect(answer.certificate).toMatchObject({ member: 'acme', names: ['acme.example', 'sip.acme.example'], revoked: '' });
    expect(stage.kept.certificates.ofMember('acme')).toEqual([answer.certificate]);
  });

  it.each<[what: string, names: Parameters<typeof requestFor>[0], invited: readonly string[], uris: string[], dns: string[]]>([
    ['no names: all', {}, [], ['sip:acme.example', 'sip:acme.test'], ['acme.example', 'acme.test', 'sip.acme.example']],
    ['a host only: the domains too', { dnsNames: ['sip.acme.example'] }, [], ['sip:acme.example', 'sip:acme.test'], ['sip.acme.example']],
    ['one domain: that one', { sipDomains: ['acme.test'] }, [], ['sip:acme.test'], ['acme.test']],
    [
      'a name it was invited with',
      { dnsNames: ['acme.test', 'edge.provider.example'] },
      ['edge.provider.example'],
      ['sip:acme.test'],
      ['acme.test', 'edge.provider.example'],
    ],
  ])('%s', async (_what, names, invited, uris, dns) => {
    stage = await authorityStage();
    const { signingRequest } = await requestFor(names);
    const { chain } = await stage.kept.handlers.enrol({ token: await stage.invite('acme', invited), signingRequest }, nobody);
    expect(factsOf(parseAnchors([chain]), true, '')).toMatchObject({ uris, dnsNames: dns });
  });
});

describe('renewal', () => {
  const enrolled = async (names: Parameters<typeof requestFor>[0] = {}, invited: readonly string[] = []) => {
    const { key, signingRequest } = await requestFor(names);
    const { chain, certificate } = await stage.kept.handlers.enrol({ token: await stage.invite('acme', invited), signingRequest }, nobody);
    return { key, caller: memberCaller('acme', chain), serial: certificate?.serial ?? '' };
  };

  it('keeps the names it was invited with, and both certificates are good', async () => {
    stage = await authorityStage();
    const names = { dnsNames: ['acme.example', 'edge.provider.example'] };
    const { caller, serial } = await enrolled(names, ['edge.provider.example']);
    const { signingRequest } = await requestFor(names);
    const { certificate } = await stage.kept.handlers.renew({ signingRequest }, caller);
    expect(certificate).toMatchObject({
      member: 'acme',
      names: ['acme.example', 'edge.provider.example'],
      issuedBy: `renewal of ${serial}`,
    });
    expect(stage.kept.certificates.ofMember('acme').map(({ revoked }) => revoked)).toEqual(['', '']);
  });

  it("refuses nobody, a revoked certificate, another member's names, and what has come to belong to another", async () => {
    stage = await authorityStage();
    const { handlers } = stage.kept;
    const { caller, serial } = await enrolled();
    const good = await requestFor({});
    await expect(handlers.renew({ signingRequest: good.signingRequest }, nobody)).rejects.toMatchObject({ code: 'denied' });
    const foreign = await requestFor({ sipDomains: ['bolt.example'] });
    await expect(handlers.renew({ signingRequest: foreign.signingRequest }, caller)).rejects.toMatchObject({ code: 'invalid' });
    if (acme.$case !== 'member') throw new TypeError('acme is a member');
    await stage.put({ $case: 'member', value: { ...acme.value, domains: ['acme.example'] } });
    await stage.put({ $case: 'member', value: { ...acme.value, id: 'dora', domains: ['acme.test'], proxies: [] } });
    await expect.poll(() => stage.store.current()?.members.has('dora'), soon).toBe(true);
    const lost = await requestFor({ sipDomains: ['acme.test'] });
    await expect(handlers.renew({ signingRequest: lost.signingRequest }, caller)).rejects.toThrow(/belongs to another member/);
    const renew = (who: Caller) => handlers.renew({ signingRequest: good.signingRequest }, who);
    const { certificate: _, ...byToken } = { ...caller, by: 'token t2' };
    await expect(renew(byToken)).rejects.toThrow(/needs the certificate in use/);
    await expect(renew({ ...caller, member: 'bolt' })).rejects.toThrow(/needs the certificate in use/);
    stage.clock.now += 366 * day;
    await expect(renew(caller)).rejects.toThrow(/needs the certificate in use/);
    stage.clock.now -= 366 * day;
    await handlers.revokeCertificate({ serial, member: '', reason: '', why: '', dryRun: false }, operator);
    await expect(renew(caller)).rejects.toThrow(/not revoked/);
    expect(filed()).toBe(1);
  });
});
