import { quoted } from './community/quoted.js';

/**
 * Every NATS subject, queue group and bucket of the hub, and nothing else may spell one.
 * Tokens put into a subject are ids of our own making, checked by `token`: never a domain, never a peer's text.
 */

const tokenShape = /^[A-Za-z0-9_-]{1,64}$/;

/** An id as one subject token. Throws on anything that could widen or split a subject. */
function token(id: string): string {
  if (!tokenShape.test(id)) throw new TypeError(`${quoted(id)} cannot be a subject token: use 1 to 64 of A-Z a-z 0-9 _ -`);
  return id;
}

/** Every subject, as text or made from ids. The makers throw a TypeError for an id that cannot be a subject token. */
export const subjects = {
  /** ingress to policy, queue group: Ask, answered by Verdict. */
  ask: 'gh.v1.ask',
  /** relay to policy, queue group: DoorRequest, answered by Door. */
  door: 'gh.v1.door',
  /** ingress to policy, queue group: TrustRequest, answered by TrustPage. */
  trust: 'gh.v1.trust',
  /** ingress to policy, queue group: TokenKeysRequest, answered by TokenKeys. */
  tokenKeys: 'gh.v1.token-keys',
  /** ingress and relay to policy, queue group: RevocationsRequest, answered by RevocationsPage. */
  revocations: 'gh.v1.revocations',
  /** ingress and relay to every policy: TurnedAway. */
  turnedAway: 'gh.v1.turned-away',
  /** ingress to policy, queue group: Sighted. */
  sighted: 'gh.v1.sighted',
  /** ingress to every policy: Watched. */
  watched: 'gh.v1.watched',
  /** console to policy, queue group: AccessQuestion, answered by AccessAnswer. */
  access: 'gh.v1.access',
  /** ingress and console to policy, queue group: PrivacyKeyQuestion, answered by PrivacyKeyAnswer. */
  privacyKey: 'gh.v1.privacy-key',
  /** console to policy, queue group: MemberIdsQuestion, answered by MemberIdsAnswer. */
  memberIds: 'gh.v1.member-ids',
  /** policy to all: Changed. */
  changed: 'gh.v1.changed',
  /** policy to ingress: Marked. */
  marked: 'gh.v1.marked',
  /** ingress into the stream RECORDS: RecordBatch. */
  records: (ingressId: string) => `gh.v1.records.${token(ingressId)}`,
  /** ingress into the stream KEPT: KeptBatch. */
  kept: (ingressId: string) => `gh.v1.kept.${token(ingressId)}`,
  /** console to whoever listens: TrafficFrame, once a second. */
  traffic: 'gh.v1.traffic',
  /** console into the stream TRAFFIC: TrafficPoint of a minute. */
  trafficMinute: 'gh.v1.traffic-minute',
  /** all: InstanceReport. */
  report: (service: string, id: string) => `gh.v1.report.${token(service)}.${token(id)}`,
  /** every InstanceReport of one service: as with hellos, who may say it is settled by NATS. */
  reports: (service: string) => `gh.v1.report.${token(service)}.*`,
  /** every InstanceReport. */
  everyReport: 'gh.v1.report.*.*',
  /** ingress to relays: Presence. */
  present: 'gh.v1.present',
  /** ingress to one relay: ForwardBatch. */
  relay: (relayId: string) => `gh.v1.relay.${token(relayId)}`,
  /** relay to one ingress: OutcomeBatch. */
  ingress: (ingressId: string) => `gh.v1.ingress.${token(ingressId)}`,
  /** holder of a wire to the one who handles what came in on it: WireBatch. */
  arrived: (service: 'ingress' | 'relay', id: string) => `gh.v1.arrived.${service}.${token(id)}`,
  /** to the holder of a wire, who writes it out: WireBatch. */
  depart: (service: 'ingress' | 'relay', id: string) => `gh.v1.depart.${service}.${token(id)}`,
  /** all: Hello. */
  hello: (service: string, id: string) => `gh.v1.hello.${token(service)}.${token(id)}`,
  /** every Hello of one service. Who may say it is settled by NATS, where each service has a user of its own. */
  hellos: (service: string) => `gh.v1.hello.${token(service)}.*`,
  /** every Hello. */
  everyHello: 'gh.v1.hello.*.*',
  /** what answers to a service's questions, and NATS' own, come to: no other service may listen there. */
  inbox: (service: string) => `_INBOX.${token(service)}`,
} as const;

/** The services that say hello. */
export const helloServices = ['ingress', 'policy', 'relay', 'console'] as const;

/** Queue group in which policy instances share the questions. */
export const policyQueue = 'policy';

/** JetStream key-value buckets. */
export const buckets = {
  /** The community as data: MembershipEntry under `entryKey`. */
  membership: 'membership',
  /** Route token keys, written by policy. */
  tokenKeys: 'token-keys',
  /** Certificates the hub's authority issued: IssuedCertificate under `certificateKey`. */
  certificates: 'certificates',
  /** Enrolment and access tokens, as hashes: under `accessTokenKey`. */
  accessTokens: 'access-tokens',
  /** Members whose messages' heads are kept for a while: Mark under `markKey`. */
  marks: 'marks',
} as const;

/** JetStream streams. */
export const streams = {
  /** The audit log: AuditEntry on `auditSubject`, one after the other. */
  audit: 'AUDIT',
  /** Routing records: RecordBatch on `records`. */
  records: 'RECORDS',
  /** Heads of messages of marked dialogs and members: KeptBatch on `kept`. */
  kept: 'KEPT',
  /** Traffic of each minute: TrafficPoint on `trafficMinute`. */
  traffic: 'TRAFFIC',
} as const;

/** What the stream AUDIT holds. */
export const auditSubject = 'gh.v1.audit';

/** Key of the bucket `certificates`; a serial number is lower-case hex. */
export const certificateKey = (serial: string) => token(serial);

/** Key of the bucket `access-tokens`. */
export const accessTokenKey = (id: string) => token(id);

/** Key of the bucket `marks`; a member id. */
export const markKey = (member: string) => token(member);

/** Keys of the bucket `membership`. */
export const membershipKeys = {
  community: 'community',
  member: (id: string) => `member.${token(id)}`,
  agreement: (first: string, second: string) => `agreement.${token(first)}.${token(second)}`,
  rule: (id: string) => `rule.${token(id)}`,
  authority: (id: string) => `authority.${token(id)}`,
  /** Which community file was brought in last; parts count from 0. */
  file: (part: number) => (part === 0 ? 'file' : `file.${token(String(part))}`),
} as const;
