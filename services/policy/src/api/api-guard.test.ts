import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Caller } from '@guildhall/chassis/api/caller';
import { createLimiter } from '@guildhall/chassis/api/limiter';
import { verifyAudit } from '@guildhall/chassis/audit-chain';
import { JournalError, type JournalRecord } from '@guildhall/chassis/journal';
import { memoryJournal } from '@guildhall/chassis/memory-journal';
import { type AuditEntry, type ListAuditResponse, RevokeTokenRequest, Token } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { EnrolRequest } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { PutMemberRequest, PutMemberResponse, SetMemberTrustRequest } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AccessTokens } from './access-tokens.js';
import { createGuard, type GuardNeeds } from './api-guard.js';
import type { ApiHandlers } from './api-handlers.js';
import { guardHandlers } from './api-services.js';
import { type Audit, createAudit } from './audit.js';
import { standInHandlers } from './stand-in-handlers.stage.js';

const caller = (scope: Caller['scope'], member = ''): Caller => ({ scope, member, by: `token of ${scope}`, source: '192.0.2.7:4711' });
const operator = caller('operator');
const acme = caller('member', 'acme');
const put = PutMemberRequest.fromPartial({ order: { why: 'joined the guild' }, member: { id: 'acme' } });
const enrol = EnrolRequest.fromPartial({ token: 'gh1_e_x' });

let records: JournalRecord[];
let audit: Audit;
let refused: GuardNeeds['refused'];
let find: AccessTokens['find'];
const unaudited = vi.fn();

function guarded(given: Parameters<typeof standInHandlers>[0], needs: Partial<GuardNeeds> = {}): ApiHandlers {
  const guard = createGuard({
    audit,
    tokens: { find: (text, kind) => find(text, kind) },
    wall: () => new Date('2026-05-01T00:00:00Z'),
    changes: createLimiter(1, 1000, () => 0),
    refusals: createLimiter(1, 1000, () => 0),
    refused: (...told) => refused(...told),
    ...needs,
  });
  return guardHandlers(standInHandlers(given), guard);
}

async function logged(): Promise<ListAuditResponse[]> {
  const found: ListAuditResponse[] = [];
  for await (const one of audit.list(0, 1000)) found.push(one);
  return found;
}

async function entries(): Promise<AuditEntry[]> {
  return (await logged()).flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
}

beforeEach(() => {
  records = [];
  unaudited.mockClear();
  audit = createAudit(memoryJournal(records), { audited: () => undefined, unaudited });
  refused = vi.fn();
  find = () => Promise.reject(new ApiFault('denied', 'This is no token of this hub.'));
});

describe('a call is refused', () => {
  const putMember = vi.fn(async () => PutMemberResponse.create());
  const setMemberTrust = vi.fn(async () => ({}));
  const handlers = () => guarded({ MembershipService: { putMember, setMemberTrust } });

  it.each<[string, Caller]>([
    ['a member', acme],
    ['a dashboard', caller('dashboard')],
    ['nobody', caller('nobody')],
  ])('to %s that calls a method of operators; it is audited and nothing is done', async (_who, who) => {
    await expect(handlers().MembershipService.putMember(put, who)).rejects.toMatchObject({ code: 'denied' });
    expect(putMember).not.toHaveBeenCalled();
    const [entry, ...rest] = await entries();
    expect(rest).toEqual([]);
    expect(entry).toMatchObject({
      method: 'MembershipService/PutMember',
      subject: 'member.acme',
      why: 'joined the guild',
      outcome: 'refused',
      source: '192.0.2.7:4711',
    });
    expect(refused).toHaveBeenCalledOnce();
  });

  it('to a member that names another, or none', async () => {
    for (const id of ['bolt', 'ACME', 'acme ', '__proto__']) {
      const request = SetMemberTrustRequest.fromPartial({ id });
      await expect(handlers().MembershipService.setMemberTrust(request, acme)).rejects.toMatchObject({ code: 'denied' });
    }
    expect(setMemberTrust).not.toHaveBeenCalled();
    await handlers().MembershipService.setMemberTrust(SetMemberTrustRequest.fromPartial({ id: 'acme' }), acme);
    expect(setMemberTrust).toHaveBeenCalledOnce();
  });

  it('on a stream too', async () => {
    const stream = guarded({ AccessService: { listAudit: () => audit.list(0, 10) } }).AccessService.listAudit({ from: 0n, limit: 0 }, acme);
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'denied' });
  });

  it('to who has no enrolment token, before anything is written but the refusal', async () => {
    const handler = vi.fn();
    const { AuthorityService } = guarded({ AuthorityService: { enrol: handler } });
    await expect(AuthorityService.enrol(enrol, caller('nobody'))).rejects.toMatchObject({ code: 'denied' });
    expect(handler).not.toHaveBeenCalled();
    expect(await entries()).toMatchObject([{ outcome: 'refused', who: 'nobody' }]);
  });

  it('without filling the log', async () => {
    const handlers = guarded({}, { refusals: createLimiter(1, 3, () => 0) });
    for (let call = 0; call < 10; call += 1) await handlers.MembershipService.putMember(put, acme).catch(() => undefined);
    expect(await entries()).toHaveLength(3);
    expect(refused).toHaveBeenCalledTimes(10);
    expect(refused).toHaveBeenLastCalledWith(expect.anything(), acme, expect.anything(), false);
  });

  it('when one caller changes too much in a short time, and only that one', async () => {
    const handlers = guarded({ MembershipService: { putMember } }, { changes: createLimiter(1, 2, () => 0) });
    await handlers.MembershipService.putMember(put, operator);
    await handlers.MembershipService.putMember(put, operator);
    await expect(handlers.MembershipService.putMember(put, operator)).rejects.toMatchObject({ code: 'limit' });
    await handlers.MembershipService.putMember(put, { ...operator, by: 'token other' });
  });

  it('when the log cannot be written: then nothing is changed', async () => {
    const handler = vi.fn();
    audit = createAudit(
      { ...memoryJournal(), append: () => Promise.reject(new JournalError('unavailable', 'away')) },
      { audited: () => undefined, unaudited },
    );
    const { MembershipService } = guarded({ MembershipService: { putMember: handler } });
    await expect(MembershipService.putMember(put, operator)).rejects.toMatchObject({ code: 'unavailable' });
    expect(handler).not.toHaveBeenCalled();
    expect(unaudited).toHaveBeenCalledOnce();
  });
});

describe('a change', () => {
  it('is in the log before it happens, and after it with its version', async () => {
    const seen: unknown[] = [];
    const { MembershipService } = guarded({
      MembershipService: {
        async putMember() {
          seen.push(...(await entries()));
          return PutMemberResponse.fromPartial({ report: { version: 9n } });
        },
      },
    });
    await MembershipService.putMember(put, operator);
    expect(seen).toMatchObject([{ place: 1n, outcome: 'begun', version: 0n }]);
    expect(await entries()).toMatchObject([
      { place: 1n, outcome: 'begun', who: 'operator (token of operator)' },
      { place: 2n, outcome: 'done', version: 9n, begun: 1n },
    ]);
    expect(verifyAudit(await logged())).toMatchObject({ sound: true, entries: 2 });
  });

  it('that fails is in the log with what was told, and no more of an error of our own', async () => {
    const faults = [new ApiFault('conflict', 'Somebody was faster.', 'look again'), new Error('secret inside')];
    for (const fault of faults) {
      const { AccessService } = guarded({ AccessService: { revokeToken: () => Promise.reject(fault) } });
      await expect(AccessService.revokeToken(RevokeTokenRequest.fromPartial({ id: 'x' }), operator)).rejects.toBe(fault);
    }
    expect((await entries()).map(({ outcome, detail }) => [outcome, detail])).toEqual([
      ['begun', ''],
      ['failed', 'Somebody was faster. Cure: look again'],
      ['begun', ''],
      ['failed', 'an error of the hub'],
    ]);
  });

  it('that is a dry run is not in the log', async () => {
    const { MembershipService } = guarded({ MembershipService: { putMember: async () => PutMemberResponse.create() } });
    await MembershipService.putMember({ ...put, order: { why: '', dryRun: true } }, operator);
    expect(await entries()).toEqual([]);
    await MembershipService.putMember({ ...put, order: { why: '', dryRun: true } }, acme).catch(() => undefined);
    expect(await entries()).toMatchObject([{ outcome: 'refused' }]);
  });

  it('by an enrolment token says whose it is, and never the token', async () => {
    find = async () => ({ token: Token.fromPartial({ id: 'abc' }), names: [], member: 'acme' });
    const { AuthorityService } = guarded({ AuthorityService: { enrol: () => Promise.reject(new ApiFault('invalid', 'No.')) } });
    await AuthorityService.enrol(enrol, caller('nobody')).catch(() => undefined);
    expect(await entries()).toMatchObject([{ who: 'enrolment token abc of acme' }, { outcome: 'failed' }]);
    expect(records.map(({ value }) => Buffer.from(value).toString('latin1')).join()).not.toContain('gh1_e_x');
  });

  it('brings nothing of a caller into the log that could break a line or a terminal', async () => {
    const { AccessService } = guarded({ AccessService: { revokeToken: async () => ({}) } });
    await AccessService.revokeToken({ id: `x\n\u001b[31m\u202e${'y'.repeat(10_000)}`, why: 'a\r\nb' }, operator);
    for (const { subject, why } of await entries()) {
      expect([...`${subject}${why}`].filter((letter) => letter < ' ' || letter > '~')).toEqual([]);
      expect(subject?.length).toBeLessThan(300);
    }
  });
});

describe('the log', () => {
  it('is one chain, though several instances write to it at once', async () => {
    const journal = memoryJournal(records);
    const several = [1, 2, 3].map(() => createAudit(journal, { audited: () => undefined, unaudited }));
    const fact = { when: '', who: 'x', source: '', method: '', subject: '', why: '', outcome: 'done', detail: '', version: 0n, begun: 0n };
    const places = await Promise.all(Array.from({ length: 60 }, (_, at) => several[at % 3]?.write({ ...fact, subject: `s${at}` })));
    expect(new Set(places).size).toBe(60);
    expect(verifyAudit(await logged())).toMatchObject({ sound: true, entries: 60 });
  });

  it('that somebody changed in the stream is told as it is, and found out', async () => {
    const { AccessService } = guarded({ AccessService: { revokeToken: async () => ({}) } });
    for (const id of ['a', 'b', 'c']) await AccessService.revokeToken({ id, why: '' }, operator);
    const [, second] = records;
    if (second === undefined) throw new Error('nothing was written');
    records[1] = { place: 2, value: Buffer.from([0x0a, 0xff]) };
    expect(verifyAudit(await logged())).toMatchObject({ sound: false, place: 2 });
    records.splice(1, 1);
    expect(verifyAudit(await logged())).toMatchObject({ sound: false, place: 2, problem: expect.stringContaining('missing') });
    expect((await logged()).length).toBe(5);
  });
});
