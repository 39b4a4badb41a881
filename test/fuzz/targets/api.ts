import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { compile } from '@guildhall/policy/decision/compile';
import { decodeStored, encodeEntry, entriesByKey, type StoredEntry } from '@guildhall/policy/membership/bucket-entry';
import { plan, type Wish, written } from '@guildhall/policy/membership/change-plan';
import { communityOf } from '@guildhall/policy/membership/community-check';
import { acceptAgreement, endAgreement, proposeAgreement } from '@guildhall/policy/membership/edit-agreement';
import { putCommunity } from '@guildhall/policy/membership/edit-community';
import { putMember, removeMember, setMemberStatus, setMemberTrust } from '@guildhall/policy/membership/edit-member';
import { putRule, removeRule } from '@guildhall/policy/membership/edit-rule';
import { entriesOf, type Snapshot } from '@guildhall/policy/membership/table';
import { communityEntries } from '@guildhall/proto/community/entries';
import { inspectCommunity, readCommunity } from '@guildhall/proto/community/file';
import { writeCommunity } from '@guildhall/proto/community/write';
import {
  AcceptAgreementRequest,
  EndAgreementRequest,
  ProposeAgreementRequest,
  PutCommunityRequest,
  PutMemberRequest,
  PutRuleRequest,
  RemoveMemberRequest,
  RemoveRuleRequest,
  SetMemberStatusRequest,
  SetMemberTrustRequest,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { anyFields, wireWords } from '../protobuf.js';
import type { Random } from '../random.js';
import { promise, promiseSame, type Target } from '../target.js';
import { decoded } from './bus-answers.js';

const now = Date.parse('2026-06-01T12:00:00Z');
const nobody = { who: 'ada', when: '2026-06-01T12:00:00.000Z', why: '', change: 'c1' };

const text = `community: { id: guild, name: Guild, model: limited-clearinghouse }
hub: { domain: hub.example, listeners: [{ name: members, host: 127.0.0.1 }], certificate: { cert: a, key: b }, trust: { ca: [] } }
members:
  - { id: acme, domains: [acme.example], proxies: [{ host: sip.acme.example }] }
  - { id: bolt, domains: [bolt.example], proxies: [{ host: sip.bolt.example }], groups: [small] }
  - { id: cliff, domains: [cliff.example], lookup: cliff.example }
rules:
  - { id: one, from: { member: acme }, to: { any: true }, methods: [MESSAGE], action: deny }
  - { id: two, from: { any: true }, to: { group: small }, action: limit, limit: { requests: 10, per: second } }
agreements: [{ members: [acme, bolt], acceptedBy: [acme], proposedBy: acme }]
`;

function snapshotOf(): Snapshot {
  const stored = new Map<string, StoredEntry>();
  let revision = 0;
  for (const [key, body] of entriesByKey(communityEntries(readCommunity(text, 'fuzz.yaml'), new Map()))) {
    revision += 1;
    stored.set(key, { key, body, revision, by: nobody });
  }
  return { version: BigInt(revision), stored };
}
const snapshot = snapshotOf();

/** A change that the API offers: how its request reads, what it comes to, and sound requests. */
interface Change {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** Undefined for bytes that are no such request, or one that its handler refuses before. Throws ApiFault. */
  wish(payload: Uint8Array): Wish | undefined;
}

function change<T>(
  name: string,
  decode: (payload: Uint8Array) => T,
  wish: (request: T) => Wish | undefined,
  ...seeds: Uint8Array[]
): Change {
  return {
    name,
    seeds,
    wish(payload) {
      const request = decoded(decode, payload);
      return request === undefined ? undefined : wish(request);
    },
  };
}

const member = { id: 'delta', domains: ['delta.example'], proxies: [{ host: 'sip.delta.example' }] };
const rule = {
  id: 'three',
  action: 'deny',
  from: { who: { $case: 'member' as const, value: 'acme' } },
  to: { who: { $case: 'any' as const, value: true } },
};

const changes: readonly Change[] = [
  change(
    'putMember',
    PutMemberRequest.decode,
    ({ member: wanted, expected }) => putMember(wanted, expected),
    PutMemberRequest.encode(PutMemberRequest.fromPartial({ member })).finish(),
  ),
  change(
    'removeMember',
    RemoveMemberRequest.decode,
    ({ id, expected }) => removeMember(snapshot, id, expected),
    RemoveMemberRequest.encode(RemoveMemberRequest.fromPartial({ id: 'cliff' })).finish(),
  ),
  change(
    'setMemberStatus',
    SetMemberStatusRequest.decode,
    (request) =>
      ['active', 'pending', 'suspended', 'quarantined'].includes(request.status) ? setMemberStatus(snapshot, request, now) : undefined,
    SetMemberStatusRequest.encode(
      SetMemberStatusRequest.fromPartial({ id: 'bolt', status: 'suspended', reason: 'late', until: '2027-01-01' }),
    ).finish(),
  ),
  change(
    'setMemberTrust',
    SetMemberTrustRequest.decode,
    (request) => setMemberTrust(snapshot, request),
    SetMemberTrustRequest.encode(
      SetMemberTrustRequest.fromPartial({ id: 'acme', proxies: [{ host: 'a.acme.example' }], pins: ['AB'.repeat(32)] }),
    ).finish(),
  ),
  change(
    'proposeAgreement',
    ProposeAgreementRequest.decode,
    (request) => proposeAgreement(snapshot, request, now),
    ProposeAgreementRequest.encode(ProposeAgreementRequest.fromPartial({ from: 'bolt', to: 'cliff', mode: 'redirect' })).finish(),
  ),
  change(
    'acceptAgreement',
    AcceptAgreementRequest.decode,
    ({ member: who, partner, expected }) => acceptAgreement(snapshot, who, partner, expected),
    AcceptAgreementRequest.encode(AcceptAgreementRequest.fromPartial({ member: 'bolt', partner: 'acme' })).finish(),
  ),
  change(
    'endAgreement',
    EndAgreementRequest.decode,
    ({ member: who, partner }) => endAgreement(snapshot, who, partner),
    EndAgreementRequest.encode(EndAgreementRequest.fromPartial({ member: 'bolt', partner: 'acme' })).finish(),
  ),
  change(
    'putRule',
    PutRuleRequest.decode,
    (request) => putRule(snapshot, request),
    PutRuleRequest.encode(PutRuleRequest.fromPartial({ rule, before: 'one' })).finish(),
    PutRuleRequest.encode(PutRuleRequest.fromPartial({ rule: { ...rule, id: 'one', order: 1 }, last: true, expected: 5n })).finish(),
  ),
  change(
    'removeRule',
    RemoveRuleRequest.decode,
    ({ id, expected }) => removeRule(snapshot, id, expected),
    RemoveRuleRequest.encode(RemoveRuleRequest.fromPartial({ id: 'two' })).finish(),
  ),
  change(
    'putCommunity',
    PutCommunityRequest.decode,
    ({ community, expected }) => putCommunity(community, expected),
    PutCommunityRequest.encode(PutCommunityRequest.fromPartial({ community: communityOf(snapshot)?.community })).finish(),
  ),
];

/** What would be written can be read, be in force, be exported and brought in again. */
function inForce(wish: Wish): string {
  const { writes, clash, problems } = plan(snapshot, wish);
  if (clash !== undefined) return 'clash';
  if (problems.length > 0) return `problems ${Math.min(4, problems.length)} ${problems[0]?.replace(/\W.*$/s, '')}`;
  for (const { key, body } of writes) {
    if (body === undefined) continue;
    const stored = decodeStored(key, encodeEntry(body, nobody));
    promise(typeof stored !== 'string', 'what is written can be read');
  }
  const then = written(snapshot, writes);
  const entries = entriesOf(then);
  promise(entries !== undefined && compile(entries) !== undefined, 'what is written can be in force');
  const community = communityOf(then);
  if (community === undefined) return 'nothing';
  const again = inspectCommunity(writeCommunity(community, 'fuzz'));
  const told = again.problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  promiseSame(told, '', 'what is in force can be exported and brought in again');
  return `writes ${writes.length}`;
}

/** What operators and members ask to be changed. */
export const apiTarget: Target = {
  name: 'api',
  about: 'a change asked for over the API: refused in plain words, or sound in the bucket, in force and in an export',
  longest: 1_000,
  words: [...wireWords, 'cliff', 'delta', 'deny', 'active', 'suspended', 'redirect', '2027-01-01', 'one', 'two', '*', '127.0.0.1'],
  seeds: () => changes.flatMap((one, index) => one.seeds.map((seed) => Buffer.concat([Buffer.of(index), seed]))),
  make: (random: Random) => Buffer.concat([Buffer.of(random.below(changes.length)), anyFields(random)]),
  run(input) {
    const asked = changes[(input[0] ?? 0) % changes.length];
    if (asked === undefined) return '';
    try {
      const wish = asked.wish(input.subarray(1));
      return wish === undefined ? `${asked.name} no` : `${asked.name} ${inForce(wish)}`;
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error;
      promise(!/\p{Cc}/u.test(`${error.message}${error.cure}`), 'a refusal is one plain line');
      return `${asked.name} ${error.code}`;
    }
  },
};
