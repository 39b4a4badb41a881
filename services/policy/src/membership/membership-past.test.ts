import { Member } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { SetMemberStatusRequest } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { caller, fileContent, type MembershipStage, openMembershipStage } from './membership.stage.js';
import { duePardons, pardon } from './status-sweep.js';

const operator = caller('operator');
let stage: MembershipStage;

beforeEach(async () => {
  stage = await openMembershipStage(
    fileContent({
      members: '[{ id: acme, domains: [acme.test] }, { id: bolt, domains: [bolt.test], statusReason: fees, status: suspended }]',
      agreements: '[{ members: [acme, bolt], note: hello }]',
    }),
    4,
  );
});
afterEach(() => stage.close());

const status = async (to: string, rest: { why?: string; until?: string } = {}) => {
  const { why = '', until = '' } = rest;
  const done = await stage.api.setMemberStatus(
    SetMemberStatusRequest.fromPartial({ id: 'acme', status: to, until, order: { why } }),
    operator,
  );
  return done.report?.version ?? 0n;
};
const versionNow = () => stage.store.snapshot().version;
const exported = async (version = 0n) => (await stage.api.exportMembership({ version }, operator)).yaml;
const body = (yaml: string) => yaml.slice(yaml.indexOf('\n'));
const imported = (yaml: string, expected = 0n, dryRun = false) =>
  stage.api.importMembership({ yaml, expected, order: { why: 'import', dryRun } }, operator);

describe('the history', () => {
  it('tells who, when, why and what, newest first, page by page, without the hub’s own', async () => {
    await status('suspended', { why: 'fees' });
    await status('active', { why: 'paid' });
    const first = await stage.api.listHistory({ key: 'member.acme', before: 0n, limit: 2 }, operator);
    expect(first.revisions.map(({ kind, who, why, lines }) => [kind, who, why, lines])).toEqual([
      ['put', 'operator (token of operator)', 'paid', ['status: suspended -> active']],
      ['put', 'operator (token of operator)', 'fees', ['status: active -> suspended']],
    ]);
    const second = await stage.api.listHistory({ key: 'member.acme', before: first.next, limit: 2 }, operator);
    expect([second.revisions.map(({ why }) => why), second.next]).toEqual([['read by policy'], 0n]);
    const all = await stage.api.listHistory({ key: '', before: 0n, limit: 0 }, operator);
    expect(all.revisions.map(({ key }) => key)).toEqual([
      'member.acme',
      'member.acme',
      'community',
      'agreement.acme.bolt',
      'member.bolt',
      'member.acme',
    ]);
    const ofMembers = await stage.api.listHistory({ key: 'member', before: 0n, limit: 0 }, operator);
    expect(new Set(ofMembers.revisions.map(({ key }) => key))).toEqual(new Set(['member.acme', 'member.bolt']));
  });

  it('refuses a key that is none', async () => {
    await expect(stage.api.listHistory({ key: 'member.*', before: 0n, limit: 0 }, operator)).rejects.toMatchObject({ code: 'invalid' });
  });

  it('says which versions are no longer known completely', async () => {
    const first = versionNow();
    for (let at = 0; at < 4; at += 1) await status(at % 2 === 0 ? 'suspended' : 'active');
    const { oldest } = await stage.api.listHistory({ key: '', before: 0n, limit: 0 }, operator);
    expect(oldest).toBe(first + 1n);
    await expect(stage.api.diffMembership({ from: first, to: 0n }, operator)).rejects.toMatchObject({
      code: 'not-found',
      message: `Version ${first} is no longer known completely: the oldest that is, is ${oldest}.`,
    });
    expect((await stage.api.diffMembership({ from: oldest, to: 0n }, operator)).entries.map(({ lines }) => lines)).toEqual([
      ['status: suspended -> active'],
    ]);
  });
});

describe('a version', () => {
  it('can be asked as if it were in force', async () => {
    const before = versionNow();
    await status('suspended');
    const past = await stage.history.membershipAt(before);
    expect([past.membership?.version, past.membership?.members.get('acme')?.status]).toEqual([before, 'active']);
    expect(await stage.history.membershipAt(1n)).toEqual({
      unknown: 'At version 1 there was no community that this version of the hub knows.',
    });
    expect(await stage.history.membershipAt(99n)).toMatchObject({ unknown: expect.stringContaining('There is no version 99') });
  });

  it('can be gone back to, as new revisions, what came after gone', async () => {
    const before = versionNow();
    const was = body(await exported());
    await status('suspended');
    await stage.api.putMember(
      { member: { ...Member.create(), id: 'dora', domains: ['dora.test'] }, expected: 0n, order: undefined },
      operator,
    );
    await stage.api.endAgreement({ member: 'acme', partner: 'bolt', order: undefined }, operator);
    const told = await stage.api.rollBack({ version: before, order: { why: '', dryRun: true } }, operator);
    const { report } = await stage.api.rollBack({ version: before, order: { why: 'mistake', dryRun: false } }, operator);
    expect(report?.entries.map(({ key }) => key)).toEqual(['member.acme', 'agreement.acme.bolt', 'member.dora']);
    expect(told.report?.entries.map(({ key, lines }) => [key, lines])).toEqual(report?.entries.map(({ key, lines }) => [key, lines]));
    expect(body(await exported())).toBe(was);
    expect((await stage.api.diffMembership({ from: before, to: 0n }, operator)).entries).toEqual([]);
  });
});

describe('the community as a file', () => {
  it('says the same when it is imported again', async () => {
    const yaml = await exported();
    expect((await imported(yaml)).report?.entries).toEqual([]);
  });

  it('is imported as a whole, with what it lacks gone, only from the version it was made from', async () => {
    const version = versionNow();
    const yaml = (await exported()).replace('- id: acme', '- id: acorn').replaceAll('- acme\n', '- acorn\n');
    const { report } = await imported(yaml, version, true);
    expect(report?.entries.map(({ key }) => key)).toEqual(['member.acorn', 'agreement.acorn.bolt', 'agreement.acme.bolt', 'member.acme']);
    await status('suspended');
    await expect(imported(yaml, version)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(
        `The file was made from version ${version}, and ${versionNow()} is in force; member.acme was changed last`,
      ),
    });
    await imported(yaml);
    await expect(imported(yaml, version)).rejects.toMatchObject({
      message: expect.stringContaining('in force; an entry was removed last'),
    });
    expect([...(stage.store.current()?.members.keys() ?? [])]).toEqual(['acorn', 'bolt']);
  });

  it('names no file beside it', async () => {
    await expect(imported((await exported()).replace('ca: []', 'ca: [ca.crt]'))).rejects.toMatchObject({
      code: 'invalid',
      message: 'hub.trust.ca[0] names the file "ca.crt", which the hub does not see.',
    });
  });
});

describe('a watch', () => {
  it('tells the version in force, then every change, until it is called off', async () => {
    const off = new AbortController();
    const told: (readonly string[])[] = [];
    const watching = (async () => {
      for await (const { entries } of stage.api.watchMembership({}, operator, off.signal)) {
        told.push(entries.flatMap(({ key, lines }) => [key, ...lines]));
        if (told.length === 1) void status('suspended');
        if (told.length === 2) off.abort();
      }
    })();
    await watching;
    expect(told).toEqual([[], ['member.acme', 'status: active -> suspended']]);
  });

  it('is one of so many', async () => {
    const off = new AbortController();
    const open = [1, 2, 3].map(() => stage.api.watchMembership({}, operator, off.signal)[Symbol.asyncIterator]());
    for (const one of open) await one.next();
    await expect(stage.api.watchMembership({}, operator)[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'limit' });
    off.abort();
    for (const one of open) expect((await one.next()).done).toBe(true);
  });

  it('that reads nothing is ended, and keeps nothing from the others', async () => {
    const slow = stage.api.watchMembership({}, operator)[Symbol.asyncIterator]();
    await slow.next();
    for (let at = 0; at < 8; at += 1) await status(at % 2 === 0 ? 'suspended' : 'active');
    const read = async () => {
      for (;;) await slow.next();
    };
    await expect(read()).rejects.toMatchObject({ code: 'limit' });
  });
});

describe('a status with an end', () => {
  it('is due at its time, not before, and leaves others as they are', async () => {
    await status('suspended', { until: '2026-06-02T00:00:00Z' });
    const until = Date.parse('2026-06-02T00:00:00Z');
    const snapshot = stage.store.snapshot();
    expect([duePardons(snapshot, until - 1), duePardons(snapshot, until)]).toEqual([
      { ids: [], next: until },
      { ids: ['acme'], next: Number.POSITIVE_INFINITY },
    ]);
    expect([...pardon(snapshot, until - 1).wanted.keys(), ...pardon(snapshot, until).wanted.keys()]).toEqual(['member.acme']);
    await stage.changes.make('policy', { why: 'time', dryRun: false }, (latest) => pardon(latest, until));
    expect(stage.store.current()?.members.get('acme')).toMatchObject({ status: 'active', statusUntil: '' });
    expect(stage.store.current()?.members.get('bolt')?.status).toBe('suspended');
  });
});
