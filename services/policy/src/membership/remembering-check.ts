import { contradictions } from '@guildhall/proto/community/contradictions';
import { agreementDraft, communityDraft, memberDraft, ruleDraft } from '@guildhall/proto/community/draft';
import type { CommunityEntries } from '@guildhall/proto/community/entries';
import { agreementSchema, type CommunityFile, communityFileSchema, memberSchema } from '@guildhall/proto/community/schema';
import { rule as ruleSchema } from '@guildhall/proto/community/schema-rule';
import { communityLimits } from '@guildhall/proto/community/schema-words';
import { type Check, checkCommunity, told } from './community-check.js';

/** Says everything there is to say about a membership: `checkCommunity`. The entries are in the order of `communityOf`. */
export type CheckCommunity = (entries: CommunityEntries) => Check;

/** A schema, as far as it is used here. */
interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false };
}

/** Entries as the file would have them, looked at once each; undefined: it is not sound by itself. */
function remembering<Entry extends object, T extends object>(draft: (entry: Entry) => unknown, schema: Schema<T>) {
  const known = new WeakMap<Entry, T>();
  return (entries: readonly Entry[]): T[] | undefined => {
    const read: T[] = [];
    for (const entry of entries) {
      let one = known.get(entry);
      if (one === undefined) {
        const parsed = schema.safeParse(draft(entry));
        if (!parsed.success) return undefined;
        one = parsed.data;
        known.set(entry, one);
      }
      read.push(one);
    }
    return read;
  };
}

/**
 * Makes a `checkCommunity` that looks at each entry by itself only once, as long as it is the same object: of a large membership in which
 * one entry changed, that leaves what entries say of each other. Where one is not sound by itself, everything is looked at.
 */
export function createCommunityCheck(): CheckCommunity {
  const membersOf = remembering(memberDraft, memberSchema);
  const agreementsOf = remembering(agreementDraft, agreementSchema);
  const rulesOf = remembering(ruleDraft, ruleSchema);

  const soundFile = (entries: CommunityEntries): CommunityFile | undefined => {
    const { community, members, agreements, rules } = entries;
    const { members: mostMembers, agreements: mostAgreements, rules: mostRules } = communityLimits;
    if (members.length > mostMembers || agreements.length > mostAgreements || rules.length > mostRules) return undefined;
    const head = communityFileSchema.safeParse(communityDraft({ community, members: [], agreements: [], rules: [] }));
    const lists = { members: membersOf(members), agreements: agreementsOf(agreements), rules: rulesOf(rules) };
    if (!head.success || lists.members === undefined || lists.agreements === undefined || lists.rules === undefined) return undefined;
    return { ...head.data, members: lists.members, agreements: lists.agreements, rules: lists.rules };
  };

  return (entries) => {
    const file = soundFile(entries);
    return file === undefined ? checkCommunity(entries) : told(entries, contradictions(file));
  };
}
