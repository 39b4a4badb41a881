import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { spkiSha256 } from '@guildhall/chassis/certificate';
import type { RevokedBy } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Issuer, Paper } from './certificates.stage.js';
import { openStage, type Stage, until } from './hub.stage.js';
import { fakeMember } from './member.stage.js';
import { trustMember } from './neighbours.stage.js';
import { sip } from './sip.stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage(process.env, { reload: '20ms' });
});
afterAll(() => stage.close());

/** Whether the hub answers who shows this certificate. */
async function answered(paper: Paper): Promise<boolean> {
  const member = await fakeMember(stage.address, paper);
  member.send(sip({ method: 'OPTIONS', uri: 'sip:hub.example' }));
  const answer = await member.next().catch(() => '');
  member.end();
  return answer.startsWith('SIP/2.0 200');
}

function listOf(by: Issuer, ...papers: Paper[]): RevokedBy {
  const issuer = Buffer.from(spkiSha256(new X509Certificate(by.cert)), 'hex');
  const serials = papers.map(({ cert }) => {
    const digits = new X509Certificate(cert).serialNumber.replace(/^0+/, '');
    return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  });
  return { issuer, serials };
}

function revoke(...lists: RevokedBy[]): void {
  stage.policy.revoked = lists;
  stage.policy.revocationsChanged();
}

describe('a revoked certificate', () => {
  it('ends the connections that were made with it, and no other; told with what it says', async () => {
    const [acme, bolt] = [await stage.member('acme'), await stage.member('bolt')];
    for (const member of [acme, bolt]) {
      member.send(sip({ method: 'OPTIONS', uri: 'sip:hub.example' }));
      expect(await member.next()).toMatch(/^SIP\/2.0 200/);
    }
    revoke(listOf(stage.authority, stage.papers.acme));
    await acme.closed();
    expect(await answered(stage.papers.acme)).toBe(false);
    bolt.send(sip({ method: 'OPTIONS', uri: 'sip:hub.example' }));
    expect(await bolt.next()).toMatch(/^SIP\/2.0 200/);
    bolt.end();
    await until('it is told twice', () => stage.policy.turnedAway.length >= 2);
    for (const told of stage.policy.turnedAway) {
      expect(told).toMatchObject({
        reason: 'revoked',
        member: 'acme',
        subject: 'CN=acme',
        issuer: 'CN=Steel Guild CA',
        names: ['URI:sip:acme.example', 'DNS:sip.acme.example'],
        usages: ['serverAuth', 'clientAuth'],
        spki: spkiSha256(new X509Certificate(stage.papers.acme.cert)),
      });
      expect(told.source).toMatch(/^127\.0\.0\.1:\d+$/);
    }
    revoke();
    await until('it is forgiven', () => answered(stage.papers.acme));
  });

  it('is no better for being pinned', async () => {
    const pinned = await stage.authority.issue({ cn: 'pinned', usage: ['server'] });
    stage.policy.members.set('edge', trustMember('edge', { dialsOnly: true, pins: [spkiSha256(new X509Certificate(pinned.cert))] }));
    stage.policy.changed(['edge']);
    await until('the pin is known', () => answered(pinned));
    revoke(listOf(stage.authority, pinned));
    await until('it is refused', async () => !(await answered(pinned)));
    revoke();
  });

  it('is none because another authority of the same name says so', async () => {
    const twin = await stage.authority.below('Steel Guild CA');
    revoke(listOf(twin, stage.papers.bolt), listOf(stage.authority, stage.papers.acme));
    await until('the lists are known', async () => !(await answered(stage.papers.acme)));
    expect(await answered(stage.papers.bolt)).toBe(true);
    revoke();
  });
});

describe('a reload of the hub’s certificate', () => {
  it('is told as the listener shows it, without being taken for a peer', async () => {
    const served = await stage.metric('guildhall_ingress_certificates_total', 'result="served"');
    const closed = await stage.metric('guildhall_ingress_connections_closed_total');
    const next = await stage.authority.issue({ cn: 'hub 2', dns: ['hub.example'] });
    writeFileSync(stage.files.cert, next.cert);
    writeFileSync(stage.files.key, next.key);
    await until('it was seen', async () => (await stage.metric('guildhall_ingress_certificates_total', 'result="served"')) > served);
    expect(await stage.metric('guildhall_ingress_connections_closed_total')).toBe(closed);
    expect(await stage.metric('guildhall_ingress_certificates_total', 'result="not-served"')).toBe(0);
    expect(await stage.readyz()).toMatchObject({ ok: true });
  });
});

describe('an ingress that nobody has told what is revoked', () => {
  it('believes nobody, says so, and begins by itself', async () => {
    const deaf = await openStage(process.env, {}, { revoked: undefined });
    try {
      expect((await deaf.readyz()).reasons).toContain('the revocation lists were not read yet');
      const member = await deaf.member('acme');
      await member.closed();
      expect(await deaf.metric('guildhall_ingress_connections_closed_total', 'reason="trust-unknown"')).toBe(1);
      deaf.policy.revoked = [];
      await until('it is ready', async () => (await deaf.readyz()).ok);
    } finally {
      await deaf.close();
    }
  }, 30_000);
});
