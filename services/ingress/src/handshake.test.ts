import { X509Certificate } from 'node:crypto';
import { utimesSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { spkiSha256 } from '@guildhall/chassis/certificate';
import { MemberStatus } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Issuer, issuer, type Wishes } from './certificates.stage.js';
import { openStage, type Stage, until } from './hub.stage.js';
import { type FakeMember, fakeMember } from './member.stage.js';
import { trustMember } from './neighbours.stage.js';
import { sip } from './sip.stage.js';

let stage: Stage;
let stranger: Issuer;
let ownOfBolt: Issuer;
beforeAll(async () => {
  stage = await openStage(process.env, { timeouts: { handshake: '500ms' } });
  stranger = await issuer('Steel Guild CA');
  ownOfBolt = await issuer('Bolt CA');
  stage.policy.members.set('bolt', trustMember('bolt', { anchors: [ownOfBolt.cert] }));
  stage.policy.members.set('cliff', trustMember('cliff', { status: MemberStatus.SUSPENDED, statusReason: 'fees' }));
  stage.policy.changed(['bolt', 'cliff']);
  await until('bolt’s authority is known', async () => {
    const member = await fakeMember(stage.address, await ownOfBolt.issue({ cn: 'x', uris: ['sip:bolt.example'] }));
    member.send(sip({ method: 'OPTIONS', uri: 'sip:hub.example' }));
    const answer = await member.next().catch(() => '');
    member.end();
    return answer.startsWith('SIP/2.0 200');
  });
});
afterAll(() => stage.close());

/** The hub answers on it. */
const alive = async (member: FakeMember): Promise<void> => {
  member.send(sip({ method: 'OPTIONS', uri: 'sip:hub.example' }));
  expect(await member.next()).toMatch(/^SIP\/2.0 200/);
};
const closedFor = (reason: string) => stage.metric('guildhall_ingress_connections_closed_total', `reason="${reason}"`);
const acme: Wishes = { cn: 'acme', uris: ['sip:acme.example'] };

describe('a connection that is closed before SIP is read', () => {
  it.each<[why: string, reason: string, by: () => Issuer | undefined, wishes: Wishes]>([
    ['no certificate', 'no-certificate', () => undefined, acme],
    ['an authority nobody knows', 'untrusted-authority', () => stranger, acme],
    ["another member's authority", 'untrusted-authority', () => ownOfBolt, acme],
    ['a certificate for servers', 'not-for-clients', () => stage.authority, { ...acme, usage: ['server'] }],
    ['an end in the past', 'expired', () => stage.authority, { ...acme, from: -3, until: -1 }],
    ['a beginning in the future', 'not-yet-valid', () => stage.authority, { ...acme, from: 1, until: 3 }],
    ['the name of nobody', 'name-of-no-member', () => stage.authority, { cn: 'acme.example', uris: ['sip:evil.example'] }],
    [
      'a name with a comma that pretends to be two',
      'name-of-no-member',
      () => stage.authority,
      { cn: 'x', uris: ['http://x/, URI:sip:acme.example'] },
    ],
    ['a wildcard', 'wildcard-name', () => stage.authority, { cn: 'x', dns: ['*.example'] }],
    ['two members', 'names-of-several-members', () => stage.authority, { cn: 'x', uris: ['sip:acme.example', 'sip:bolt.example'] }],
    ['a common name only', 'common-name-only', () => stage.authority, { cn: 'acme.example' }],
    ['a suspended member', 'member-not-active', () => stage.authority, { cn: 'x', uris: ['sip:cliff.example'] }],
  ])('%s: %s', async (_why, reason, by, wishes) => {
    const before = await closedFor(reason);
    const paper = await by()?.issue(wishes);
    const member = await fakeMember(stage.address, paper);
    member.send(sip());
    await member.closed();
    expect(member.rest()).toEqual([]);
    expect(await closedFor(reason)).toBe(before + 1);
    expect(stage.relay.forwards).toEqual([]);
  });

  it.each<[why: string, reason: string, say: string]>([
    ['garbage', 'handshake-failed', 'OPTIONS sip:hub.example SIP/2.0\r\n\r\n'],
    ['silence', 'handshake-timeout', ''],
  ])('%s: %s', async (_why, reason, say) => {
    const before = await closedFor(reason);
    const [host = '', port = ''] = stage.address.split(':');
    const socket = connectPlain(Number(port), host);
    socket.on('error', () => undefined);
    if (say !== '') socket.write(say);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(await closedFor(reason)).toBe(before + 1);
  });
});

describe('a connection that lives', () => {
  it('is that of a pinned key, whoever issued it and for whatever', async () => {
    const paper = await stranger.issue({ cn: 'anything', usage: ['server'] });
    stage.policy.members.set('acme', trustMember('acme', { pins: [spkiSha256(new X509Certificate(paper.cert))] }));
    stage.policy.changed(['acme']);
    await until('the pin is known', async () => {
      const member = await fakeMember(stage.address, paper);
      member.send(sip({ method: 'OPTIONS', uri: 'sip:hub.example' }));
      const answer = await member.next().catch(() => '');
      member.end();
      return answer.startsWith('SIP/2.0 200');
    });
  });

  it('ends when its member is suspended, and nobody else’s does', async () => {
    const [bolt, edge] = [await stage.member('bolt'), await stage.member('edge')];
    for (const member of [bolt, edge]) await alive(member);
    stage.policy.members.set('bolt', trustMember('bolt', { status: MemberStatus.QUARANTINED }));
    stage.policy.changed(['bolt']);
    await bolt.closed();
    await alive(edge);
    const late = await stage.member('bolt');
    await late.closed();
    edge.end();
  });

  it('survives a new certificate of the hub, which new ones see', async () => {
    const [before, after] = [await stage.member('edge'), await stage.authority.issue({ cn: 'hub 2', dns: ['hub.example'] })];
    const shown = (member: typeof before) => member.socket.getPeerCertificate().subject.CN;
    expect(shown(before)).toBe('hub');
    writeFileSync(stage.files.cert, after.cert);
    writeFileSync(stage.files.key, after.key);
    utimesSync(stage.files.key, new Date(), new Date(Date.now() + 5_000));
    for (let seen = ''; seen !== 'hub 2'; ) {
      const member = await stage.member('edge');
      seen = String(shown(member));
      member.end();
    }
    await alive(before);
    before.end();
  });
});
