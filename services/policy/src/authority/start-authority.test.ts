import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createAuthority, leafOf } from '@guildhall/chassis/authority/authority';
import { authorityPaths } from '@guildhall/chassis/authority/folder';
import { newSigningKey } from '@guildhall/chassis/authority/key';
import { type RevocationList, readRevocationLists } from '@guildhall/chassis/authority/revocation-list';
import { RevokeCertificateRequest } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { afterEach, describe, expect, it } from 'vitest';
import { type AuthorityStage, authorityStage, day, memberCaller, nobody, operator, requestFor } from './authority.stage.js';

/** For what comes by itself, on a slow machine too. */
const soon = { timeout: 30_000 };

let stage: AuthorityStage;
afterEach(() => stage.close());

/** The list that is in force, from the membership. */
const inForce = (): RevocationList | undefined => {
  const [entry] = stage.store.entries()?.authorities ?? [];
  return entry === undefined || entry.revocationList === '' ? undefined : readRevocationLists(entry.revocationList)[0];
};
const listed = () => inForce()?.revoked.map(({ serial }) => serial);

async function enrol(member: string) {
  const { signingRequest } = await requestFor({});
  const { chain, certificate } = await stage.kept.handlers.enrol({ token: await stage.invite(member), signingRequest }, nobody);
  if (certificate === undefined) throw new TypeError('no certificate');
  return { chain, certificate };
}

const revoke = (rest: Partial<RevokeCertificateRequest>, caller = operator) =>
  stage.kept.handlers.revokeCertificate(RevokeCertificateRequest.fromPartial(rest), caller);

describe('revoking', () => {
  it.each<[what: string, request: Partial<RevokeCertificateRequest>, code: string]>([
    ['nothing', {}, 'invalid'],
    ['both a certificate and a member', { serial: 'ab', member: 'acme' }, 'invalid'],
    ['an unknown serial number', { serial: 'abcdef' }, 'not-found'],
    ['a serial number that is none', { serial: '../../x' }, 'not-found'],
    ['a member without certificates', { member: 'bolt' }, 'not-found'],
    ['for a reason that is none', { member: 'acme', reason: 'anger' }, 'invalid'],
    ['to hold it only', { member: 'acme', reason: 'certificateHold' }, 'invalid'],
  ])('refuses %s and changes nothing', async (_what, request, code) => {
    stage = await authorityStage();
    const { certificate } = await enrol('acme');
    await expect(revoke(request)).rejects.toMatchObject({ code });
    expect(stage.kept.certificates.get(certificate.serial)?.revoked).toBe('');
    expect(inForce()?.revoked).toEqual([]);
  });

  it('publishes the list before it answers, once each, with a number that grows', async () => {
    stage = await authorityStage();
    const one = await enrol('acme');
    const other = await enrol('acme');
    const before = inForce();
    expect(await revoke({ member: 'acme', dryRun: true })).toMatchObject({ revoked: [{ revocationReason: 'unspecified' }, {}] });
    expect(stage.kept.certificates.get(one.certificate.serial)?.revoked).toBe('');
    const { revoked } = await revoke({ serial: one.certificate.serial.toUpperCase(), reason: 'superseded' });
    expect(revoked.map(({ serial, revocationReason }) => [serial, revocationReason])).toEqual([[one.certificate.serial, 'superseded']]);
    await expect.poll(listed, soon).toEqual([one.certificate.serial]);
    expect(inForce()?.number).toBeGreaterThan(before?.number ?? 0n);
    expect(await inForce()?.signedBy(stage.authority.certificate)).toBe(true);
    await revoke({ member: 'acme' });
    await expect.poll(() => listed()?.toSorted(), soon).toEqual([one.certificate.serial, other.certificate.serial].toSorted());
    await revoke({ serial: one.certificate.serial, reason: 'keyCompromise' });
    expect(stage.kept.certificates.get(one.certificate.serial)?.revocationReason).toBe('superseded');
  });

  it("lets a member revoke its own and hides others'", async () => {
    stage = await authorityStage();
    const acme = await enrol('acme');
    const bolt = await enrol('bolt');
    const caller = memberCaller('acme', acme.chain);
    await expect(revoke({ serial: bolt.certificate.serial }, caller)).rejects.toMatchObject({ code: 'not-found' });
    await expect(revoke({ member: 'bolt' }, caller)).rejects.toMatchObject({ code: 'denied' });
    expect((await revoke({ serial: acme.certificate.serial }, caller)).revoked).toHaveLength(1);
    const list = { member: '', endingWithinDays: 0, revokedToo: true, after: '', limit: 0 };
    const seen = await stage.kept.handlers.listCertificates(list, caller);
    expect(seen.certificates.map(({ member }) => member)).toEqual(['acme']);
    await expect(stage.kept.handlers.listCertificates({ ...list, member: 'bolt' }, caller)).rejects.toMatchObject({ code: 'denied' });
  });
});

describe('the published authority', () => {
  it('is an anchor at once, and its list is renewed at half of its time and not before', async () => {
    stage = await authorityStage({ settings: { crlDays: 10 } });
    await expect.poll(() => stage.store.current()?.community.anchors, soon).toEqual([stage.authority.pem]);
    const first = inForce();
    stage.clock.now += 5 * day - 1;
    await stage.kept.check();
    expect(inForce()?.number).toBe(first?.number);
    stage.clock.now += 1;
    await stage.kept.check();
    await expect.poll(() => inForce()?.number, soon).not.toBe(first?.number);
    expect(inForce()).toMatchObject({ thisUpdate: stage.clock.now, nextUpdate: stage.clock.now + 10 * day });
  });

  it('is kept by several instances without a quarrel', async () => {
    stage = await authorityStage();
    const others = await Promise.all([stage.another(), stage.another()]);
    const certificates = await Promise.all([enrol('acme'), enrol('bolt'), enrol('acme')]);
    const callers = [stage.kept, ...others];
    await expect.poll(() => others.map(({ certificates: known }) => known.size()), soon).toEqual([3, 3]);
    await Promise.all(
      certificates.map(({ certificate }, at) =>
        callers[at]?.handlers.revokeCertificate(RevokeCertificateRequest.fromPartial({ serial: certificate.serial }), operator),
      ),
    );
    await expect.poll(() => listed()?.toSorted(), soon).toEqual(certificates.map(({ certificate }) => certificate.serial).toSorted());
    await Promise.all(others.map((other) => other.close()));
  });

  it('drops from the list what has ended, a day later, and forgets it in time', async () => {
    stage = await authorityStage({ settings: { days: 3 } });
    const { certificate } = await enrol('acme');
    await revoke({ serial: certificate.serial });
    await expect.poll(listed, soon).toEqual([certificate.serial]);
    stage.clock.now += 4 * day + 1;
    await stage.kept.check();
    await expect.poll(listed, soon).toEqual([]);
    stage.clock.now += 30 * day;
    await stage.kept.check();
    expect(stage.kept.certificates.size()).toBe(0);
  });

  it('takes the list that was made where the key is, and not an older or a foreign one', async () => {
    stage = await authorityStage({ offline: true });
    const key = await newSigningKey();
    const names = { commonName: 'acme.example', sipDomains: ['acme.example'], dnsNames: [] };
    const certificate = await stage.authority.issue({
      ...names,
      spki: key.spki,
      from: stage.clock.now - day,
      until: stage.clock.now + day,
    });
    const { certificate: known } = await stage.kept.handlers.registerCertificate({ member: 'acme', certificate, why: '' }, operator);
    const serial = known?.serial ?? '';
    let touched = 1;
    const bring = async (by: typeof stage.authority, number: bigint, serials: readonly string[]) => {
      const times = { thisUpdate: stage.clock.now, nextUpdate: stage.clock.now + day };
      const revoked = serials.map((one) => ({ serial: one, at: stage.clock.now, reason: 'superseded' as const }));
      const { list } = authorityPaths(stage.folder);
      writeFileSync(list, await by.revocationList({ ...times, number, revoked }));
      utimesSync(list, touched, touched);
      touched += 1;
      await stage.kept.check();
    };
    await bring(stage.authority, 5n, [serial]);
    await expect.poll(listed, soon).toEqual([serial]);
    await expect.poll(() => stage.kept.certificates.get(serial)?.revocationReason, soon).toBe('superseded');
    await bring(stage.authority, 4n, []);
    await bring(await createAuthority('Guild CA', stage.clock.now, stage.clock.now + day), 9n, []);
    expect([listed(), inForce()?.number]).toEqual([[serial], 5n]);
    await expect(revoke({ serial })).rejects.toMatchObject({ code: 'precondition', cure: expect.stringContaining('guildhall ca crl') });
  });

  it('stays as it was when its folder is spoilt', async () => {
    stage = await authorityStage();
    const paths = authorityPaths(stage.folder);
    writeFileSync(paths.key, 'spoilt');
    await stage.kept.check();
    expect((await enrol('acme')).certificate.member).toBe('acme');
    rmSync(paths.certificate);
    await stage.kept.check();
    expect((await enrol('acme')).certificate.member).toBe('acme');
  });
});

describe('certificates', () => {
  it.each<[what: string, make: () => Promise<string>, says: RegExp]>([
    ['nothing', async () => '', /no certificate/],
    ['one of another authority', async () => (await createAuthority('x', stage.clock.now, stage.clock.now + day)).pem, /not signed by/],
    ['the authority itself', async () => stage.authority.pem, /that of an authority/],
    [
      "one with another member's name",
      async () => {
        const { spki } = await newSigningKey();
        const names = { commonName: 'x', sipDomains: ['bolt.example'], dnsNames: [] };
        return stage.authority.issue({ ...names, spki, from: stage.clock.now, until: stage.clock.now + day });
      },
      /"bolt.example": it belongs to another member/,
    ],
  ])('are not registered from %s', async (_what, make, says) => {
    stage = await authorityStage();
    const request = { member: 'acme', certificate: await make(), why: '' };
    await expect(stage.kept.handlers.registerCertificate(request, operator)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(says),
    });
    expect(stage.kept.certificates.size()).toBe(0);
  });

  it('are listed page by page, those that end soon on demand, and their ends are measured', async () => {
    stage = await authorityStage({ settings: { days: 100 } });
    const made = [];
    for (const member of ['acme', 'bolt', 'acme']) {
      made.push((await enrol(member)).certificate);
      stage.clock.now += 40 * day;
    }
    // They end 100, 140 and 180 days after the beginning, 120 of which are over.
    const ask = { member: '', endingWithinDays: 0, revokedToo: false, after: '', limit: 2 };
    const list = async (rest: Partial<typeof ask>) => stage.kept.handlers.listCertificates({ ...ask, ...rest }, operator);
    const first = await list({});
    expect(first.certificates.map(({ serial }) => serial)).toEqual(made.slice(0, 2).map(({ serial }) => serial));
    expect((await list({ after: first.next })).certificates.map(({ serial }) => serial)).toEqual([made[2]?.serial]);
    expect((await list({ endingWithinDays: 30 })).certificates.map(({ serial }) => serial)).toEqual([made[1]?.serial]);
    const metrics = await stage.metrics();
    expect(metrics).toMatch(/certificate_days_left\{[^}]*holder="member",member="acme"[^}]*\} 60/);
    expect(metrics).toMatch(/certificate_days_left\{[^}]*holder="member",member="bolt"[^}]*\} 20/);
    expect(metrics).toMatch(/certificate_days_left\{[^}]*holder="authority"/);
    expect(leafOf(made[0]?.certificate ?? '').ca).toBe(false);
  });
});
