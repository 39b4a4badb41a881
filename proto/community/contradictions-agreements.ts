import type { Contradictions } from './contradictions.js';
import { hintsAmong } from './near-miss.js';
import type { Finding } from './problem.js';
import type { CommunityFile, CommunityMember } from './schema.js';

type CommunityAgreement = CommunityFile['agreements'][number];

function partnerContradictions(
  agreement: CommunityAgreement,
  at: number,
  members: ReadonlyMap<string, CommunityMember>,
  hint: (id: string) => string,
): Finding[] {
  const found: Finding[] = [];
  agreement.members.forEach((id, place) => {
    const path = ['agreements', at, 'members', place];
    const member = members.get(id);
    if (member === undefined) found.push({ path, message: `there is no member ${id}${hint(id)}` });
    else if (agreement.mode === 'redirect' && member.proxies.length === 0 && member.lookup === undefined) {
      found.push({ path, message: `${id} has no proxies to redirect to: use mode relay or give it one` });
    }
  });
  const [first, second] = agreement.members;
  if (first === second) found.push({ path: ['agreements', at, 'members'], message: `${first} cannot agree with itself` });
  const { proposedBy } = agreement;
  if (proposedBy !== undefined && proposedBy !== first && proposedBy !== second) {
    found.push({ path: ['agreements', at, 'proposedBy'], message: `${proposedBy} is not one of the two: ${first}, ${second}` });
  }
  agreement.acceptedBy?.forEach((id, place) => {
    const path = ['agreements', at, 'acceptedBy', place];
    if (id !== first && id !== second) found.push({ path, message: `${id} is not one of the two: ${first}, ${second}` });
    else if (agreement.acceptedBy?.indexOf(id) !== place) found.push({ path, message: `${id} is there already` });
  });
  return found;
}

function dateContradictions(agreement: CommunityAgreement, at: number): Finding[] {
  if (agreement.validFrom === undefined || agreement.validUntil === undefined) return [];
  if (Date.parse(agreement.validFrom) < Date.parse(agreement.validUntil)) return [];
  return [{ path: ['agreements', at, 'validUntil'], message: `is not after validFrom, ${agreement.validFrom}: it would never hold` }];
}

/** Agreements with strangers, with oneself, twice, or that could never hold; and agreements where the model has none. */
export function agreementContradictions(file: CommunityFile): Contradictions {
  const members = new Map(file.members.map((member) => [member.id, member]));
  const hint = hintsAmong(() => members.keys());
  const pairs = new Map<string, number>();
  const problems = file.agreements.flatMap((agreement, at) => {
    const found = [...partnerContradictions(agreement, at, members, hint), ...dateContradictions(agreement, at)];
    const pair = agreement.members.toSorted().join(' ');
    const same = pairs.get(pair);
    pairs.set(pair, same ?? at);
    if (same !== undefined) found.push({ path: ['agreements', at, 'members'], message: `agreements[${same}] is of the same two` });
    return found;
  });
  const idle = file.agreements.length > 0 && file.community.model !== 'limited-clearinghouse';
  const message = `agreements are looked at in the model limited-clearinghouse only, and this is ${file.community.model}`;
  return { problems, warnings: idle ? [{ path: ['agreements'], message, at: 'key' }] : [] };
}
