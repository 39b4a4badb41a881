import { type Heard, type Hearing, type Judgement, refusal } from './hearing.js';
import { type Member, memberOfDomain } from './membership.js';
import { domainText, fromNotYours, notAPartner, peerNotActive, targetNotActive, unknownPeer, unknownTarget } from './sentence.js';

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
  const owned = owner === member || (inDialog && owner !== undefined && owner.id === ask.target?.value);
  return owned ? { member } : { member, refused: refusal('from-not-yours', 'membership', fromNotYours(ask, member)) };
}

/** The target must be an active member. The hub's own domain is nobody's. */
export function hearTarget({ membership, ask, steps }: Hearing): Heard {
  const asked = ask.target;
  const member = asked?.$case === 'toMember' ? membership.members.get(asked.value) : memberOfDomain(membership, asked?.value ?? '');
  if (member === undefined) {
    const sentence = unknownTarget(membership, ask);
    steps.push({ subject: 'domain', finding: sentence });
    return { member, refused: refusal('unknown-domain', 'membership', sentence) };
  }
  if (asked?.$case === 'toDomain') steps.push({ subject: 'domain', finding: `${domainText(asked.value)} belongs to ${member.id}` });
  if (asked?.$case === 'toMember') steps.push({ subject: 'domain', finding: `the dialog leads to ${member.id}` });
  steps.push({ subject: 'status', finding: statusFinding(member) });
  if (member.status === 'active') return { member };
  return { member, refused: refusal('target-not-active', `status of ${member.id}`, targetNotActive(ask, member)) };
}

function statusFinding(member: Member): string {
  return member.statusReason === '' ? `${member.id} is ${member.status}` : `${member.id} is ${member.status}: ${member.statusReason}`;
}

/** Roles count in the direct model only: there one of the two must be internal and the other a partner. */
export function hearModel({ membership, ask, steps }: Hearing, peer: Member, target: Member): Judgement | undefined {
  if (membership.community.model !== 'direct') return undefined;
  steps.push({ subject: 'model', finding: `direct: ${peer.id} is ${peer.role}, ${target.id} is ${target.role}` });
  const pair = (peer.role === 'internal' && target.role === 'partner') || (peer.role === 'partner' && target.role === 'internal');
  return pair ? undefined : refusal('not-a-partner', 'model direct', notAPartner(ask, peer, target));
}
