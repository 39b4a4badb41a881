import { domainFault } from '@guildhall/proto/community/domain';
import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { type Heard, type Hearing, type Judgement, refusal } from './hearing.js';
import { type Member, type Membership, memberOfDomain } from './membership.js';
import {
  bothStrangers,
  domainText,
  fromNotYours,
  notAPartner,
  peerNotActive,
  statusText,
  targetNotActive,
  unknownPeer,
  unknownTarget,
} from './sentence.js';

/** The sender must be an active member and the From domain one of its own. In a dialog either of the two may be speaking. */
export function hearSender({ membership, ask, steps }: Hearing): Heard {
  const member = membership.members.get(ask.peer);
  if (member === undefined) {
    const sentence = unknownPeer(membership, ask);
    steps.push({ subject: 'peer', finding: sentence });
    return { member, refused: refusal('unknown-peer', 'membership', sentence) };
  }
  steps.push({ subject: 'peer', finding: `${member.id} is the ${member.role} ${member.name}` });
  steps.push({ subject: 'status', finding: statusFinding(member) });
  if (member.status !== 'active') return { member, refused: refusal('peer-not-active', `status of ${member.id}`, peerNotActive(member)) };
  const inDialog = ask.target?.$case === 'toMember';
  if (inDialog && ask.fromDomain === '') return { member };
  const owner = memberOfDomain(membership, ask.fromDomain);
  const belongs = owner === undefined ? 'belongs to nobody' : `belongs to ${owner.id}`;
  steps.push({ subject: 'domain', finding: `${ask.fromDomain === '' ? 'an empty From domain' : domainText(ask.fromDomain)} ${belongs}` });
  const callee = ask.target?.$case === 'toMember' ? membership.members.get(ask.target.value) : undefined;
  const owned = speaksFor(membership, member, owner, ask.fromDomain) || speaksFor(membership, callee, owner, ask.fromDomain);
  return owned ? { member } : { member, refused: refusal('from-not-yours', 'membership', fromNotYours(ask, member)) };
}

/** Whether a member may use a domain that is `owner`'s: its own, or, being another clearinghouse, one of nobody here. */
function speaksFor({ community }: Membership, member: Member | undefined, owner: Member | undefined, domain: string): boolean {
  if (member === undefined) return false;
  if (owner !== undefined) return owner === member;
  return member.role === 'clearinghouse' && domain !== community.domain && domainFault(domain) === undefined;
}

/**
 * The clearinghouse that gets what is for a domain of nobody. Not for the hub's own domain and not for what is no domain at all, and never
 * back to where the request came from: two hubs that trust in each other would hand it to and fro.
 */
function defaultRoute({ community }: Membership, ask: Ask): Member | undefined {
  const domain = ask.target?.value ?? '';
  const route = community.defaultRoute;
  if (route === undefined || route.id === ask.peer) return undefined;
  return domain === community.domain || domainFault(domain) !== undefined ? undefined : route;
}

/**
 * The target must be an active member: whoever has the domain, else the community's default route. The hub's own domain is nobody's.
 */
export function hearTarget({ membership, ask, steps }: Hearing): Heard {
  const asked = ask.target;
  const owner = asked?.$case === 'toMember' ? membership.members.get(asked.value) : memberOfDomain(membership, asked?.value ?? '');
  const member = owner ?? (asked?.$case === 'toMember' ? undefined : defaultRoute(membership, ask));
  if (member === undefined) {
    const sentence = unknownTarget(membership, ask);
    steps.push({ subject: 'domain', finding: sentence });
    return { member, refused: refusal('unknown-domain', 'membership', sentence) };
  }
  if (asked?.$case === 'toDomain') {
    const whose = owner === undefined ? `belongs to nobody here, and the default route is ${member.id}` : `belongs to ${member.id}`;
    steps.push({ subject: 'domain', finding: `${domainText(asked.value)} ${whose}` });
  }
  if (asked?.$case === 'toMember') steps.push({ subject: 'domain', finding: `the dialog leads to ${member.id}` });
  steps.push({ subject: 'status', finding: statusFinding(member) });
  if (member.status === 'active') return { member };
  return { member, refused: refusal('target-not-active', `status of ${member.id}`, targetNotActive(ask, member)) };
}

function statusFinding(member: Member): string {
  const status = `${member.id} is ${statusText(member)}`;
  return member.statusReason === '' ? status : `${status}: ${member.statusReason}`;
}

/** In the direct model, whoever is not the organization's own: a partner told, a partner met by DNS, or a clearinghouse it belongs to. */
function isOutside(member: Member): boolean {
  return member.role === 'partner' || member.role === 'discovered' || member.role === 'clearinghouse';
}

/** Who is here for what it has to do with the members, not with others of its kind or with other communities. */
function isGuest(member: Member): boolean {
  return member.role === 'discovered';
}

/**
 * In the direct model one of the two must be internal and the other not. In the others every role reaches every other, but discovered partners
 * only reach the community's own: the hub carries nothing between strangers.
 */
export function hearModel({ membership, ask, steps }: Hearing, peer: Member, target: Member): Judgement | undefined {
  const { model } = membership.community;
  if (model !== 'direct') {
    const strangers = (isGuest(peer) && isOutside(target)) || (isGuest(target) && isOutside(peer));
    if (!strangers) return undefined;
    steps.push({ subject: 'model', finding: `${model}: ${peer.id} is ${peer.role}, ${target.id} is ${target.role}` });
    return refusal('not-a-partner', `model ${model}`, bothStrangers(ask, peer, target));
  }
  steps.push({ subject: 'model', finding: `direct: ${peer.id} is ${peer.role}, ${target.id} is ${target.role}` });
  const pair = (peer.role === 'internal' && isOutside(target)) || (isOutside(peer) && target.role === 'internal');
  return pair ? undefined : refusal('not-a-partner', 'model direct', notAPartner(ask, peer, target));
}
