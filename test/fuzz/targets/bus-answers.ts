import { revocationTable } from '@guildhall/chassis/revocations';
import { keptVerdict } from '@guildhall/ingress/kept-verdict';
import { createTokenKeyRing } from '@guildhall/ingress/token-keys';
import { trustTable } from '@guildhall/ingress/trust';
import { verdictLines } from '@guildhall/ingress/verdict-lines';
import { decodeStored } from '@guildhall/policy/membership/bucket-entry';
import { checkFits } from '@guildhall/proto/check-fit';
import { MembershipEntry } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import {
  Door,
  MemberStatus,
  RevocationsPage,
  TokenKeys,
  TrustMember,
  TrustPage,
  Verdict,
  VerdictAction,
} from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { isReasonCode } from '@guildhall/proto/reason';
import { readDoor } from '@guildhall/relay/door-card';
import { promise } from '../target.js';
import type { BusReader } from './bus-batches.js';

/** What a decoder gives, or undefined where the bytes are no such message: whoever asked takes that for no answer. */
export function decoded<T>(decode: (payload: Uint8Array) => T, payload: Uint8Array): T | undefined {
  try {
    return decode(payload);
  } catch {
    return undefined;
  }
}

const check = {
  rule: 'rule no-files',
  action: VerdictAction.REFUSE,
  code: 'denied-by-rule',
  sentence: 'no files',
  shadow: false,
  fromUser: 'a@acme.example',
  toUser: '',
  fromDomain: 'acme.example',
  toDomain: '',
  media: ['video'],
  bodyTypes: ['text/*'],
  bodyLarger: 7n,
  limit: { requests: 3, perMs: 1_000, burst: 3, each: 'pair' },
  redirected: '',
};
const facts = {
  fromUser: () => 'a@acme.example',
  toUser: () => 'b@bolt.example',
  fromDomain: () => 'acme.example',
  toDomain: () => 'bolt.example',
  media: () => undefined,
  bodyTypes: () => ['text/plain'],
  bodyBytes: () => 8,
};

const verdicts: BusReader = {
  name: 'Verdict',
  seeds: [
    Verdict.encode(
      Verdict.fromPartial({
        action: VerdictAction.FORWARD,
        member: 'bolt',
        code: 'allowed',
        sentence: 'yes',
        version: 7n,
        checks: [check],
      }),
    ).finish(),
    Verdict.encode(
      Verdict.fromPartial({
        action: VerdictAction.REDIRECT,
        member: 'bolt',
        code: 'direct-partner',
        contacts: ['sip:a@b', 'x y'],
        holdsFor: 9,
      }),
    ).finish(),
  ],
  take(payload) {
    const verdict = decoded(Verdict.decode, payload);
    if (verdict === undefined) return 'no';
    const kept = keptVerdict(verdict, 'acme', { freshUntil: 1, staleUntil: 2 });
    for (const one of [kept, ...(kept.checks ?? []).flatMap(({ within, beyond }) => [within, beyond])]) {
      promise(one.action !== 'forward' || one.member !== '', 'what is forwarded has somewhere to go');
      promise(isReasonCode(one.code) && one.status >= 200 && one.status < 700, 'a verdict has a reason of the table and a status');
      promise(one.action !== 'redirect' || one.contacts.length > 0, 'a redirect names a contact');
      promise(one.action === 'forward' || one.status >= 300, 'what is not forwarded is told so');
      promise(!/[\r\n\0]/.test(verdictLines('hub.example', one, true).join('')), 'no line of an answer ends early');
    }
    for (const { check: one } of kept.checks ?? []) checkFits(one, facts);
    return `${kept.action} ${kept.code} ${Math.min(3, kept.checks?.length ?? 0)}`;
  },
};

const doors: BusReader = {
  name: 'Door',
  seeds: [
    Door.encode(
      Door.fromPartial({
        member: 'acme',
        open: true,
        proxies: [{ host: 'sip.acme.example', port: 5061, names: ['acme.example'], priority: 1, weight: 1 }],
        pins: ['ab'.repeat(32)],
      }),
    ).finish(),
    Door.encode(Door.fromPartial({ member: 'acme', open: true, lookup: 'acme.example' })).finish(),
  ],
  take(payload) {
    let card: ReturnType<typeof readDoor>;
    try {
      card = readDoor(payload, 'acme');
    } catch (error) {
      // Whoever asked takes an error for no answer; it must be one of ours or the decoder's.
      promise(error instanceof Error, 'what is no door is an Error');
      return error instanceof Error && /^(the|no) /.test(error.message) ? error.message : 'no';
    }
    promise(card.member === 'acme' && card.proxies.length <= 16, 'a door is the one that was asked for, and bounded');
    for (const { host, port } of card.proxies) promise(!/[\s@/]/.test(host) && port > 0 && port < 65_536, 'a proxy can be dialled');
    return `${card.open} ${card.lookup === ''} ${card.proxies.length}`;
  },
};

const trust: BusReader = {
  name: 'TrustPage',
  seeds: [
    TrustPage.encode(
      TrustPage.fromPartial({
        version: 3n,
        anchors: ['pem'],
        members: [
          TrustMember.fromPartial({
            id: 'acme',
            status: MemberStatus.ACTIVE,
            domains: ['acme.example'],
            names: ['acme.example'],
            pins: ['ab'],
          }),
        ],
        next: '',
      }),
    ).finish(),
  ],
  take(payload) {
    const page = decoded(TrustPage.decode, payload);
    if (page === undefined) return 'no';
    const table = trustTable(
      page,
      (pem) => {
        if (pem.length % 2 === 0) throw new TypeError('no certificate');
        return [{ fingerprint: pem, pem }];
      },
      () => undefined,
    );
    promise(table.members.size <= page.members.length, 'a table has no member that was not told');
    return `${Math.min(3, table.members.size)} ${table.pins.size > 0}`;
  },
};

const revocations: BusReader = {
  name: 'RevocationsPage',
  seeds: [
    RevocationsPage.encode({ version: 3n, lists: [{ issuer: Buffer.from('ab', 'hex'), serials: [Buffer.from('01')] }], next: 0 }).finish(),
  ],
  take(payload) {
    const page = decoded(RevocationsPage.decode, payload);
    if (page === undefined) return 'no';
    const table = revocationTable(page.version, page.lists);
    promise(table.bySerial.size <= table.size, 'no number is revoked that was not told');
    return `${Math.min(3, table.size)}`;
  },
};

const tokenKeys: BusReader = {
  name: 'TokenKeys',
  seeds: [TokenKeys.encode({ keys: [{ id: 'k1', secret: Buffer.alloc(32, 1) }] }).finish()],
  take(payload) {
    if (decoded(TokenKeys.decode, payload) === undefined) return 'no';
    const ring = createTokenKeyRing();
    const learned = ring.learn(payload);
    promise(learned === (ring.newest() !== ''), 'a ring that learned has a key that signs');
    if (learned) promise(/^[A-Za-z0-9_-]{1,32}$/.test(ring.newest()), 'the id of a key is fit for a URI');
    return `${learned}`;
  },
};

const entryKeys = ['member.acme', 'community', 'rule.r1', 'agreement.acme.bolt', 'authority.a', 'file'];
const membership: BusReader = {
  name: 'MembershipEntry',
  seeds: [
    MembershipEntry.encode(
      MembershipEntry.fromPartial({
        who: 'ada',
        when: '2026-01-01T00:00:00Z',
        entry: { $case: 'member', value: { id: 'acme', domains: ['acme.example'] } },
      }),
    ).finish(),
    MembershipEntry.encode(MembershipEntry.fromPartial({ entry: { $case: 'rule', value: { id: 'r1', action: 'deny' } } })).finish(),
  ],
  take: (payload) =>
    entryKeys
      .map((key) => {
        const stored = decodeStored(key, payload);
        return typeof stored === 'string' ? stored : stored.body.$case;
      })
      .join(' '),
};

/** What policy answers, and what it keeps. */
export const answerReaders: readonly BusReader[] = [verdicts, doors, trust, revocations, tokenKeys, membership];
