import { stringify } from 'yaml';
import { communityDraft } from './draft.js';
import type { CommunityEntries } from './entries.js';

/**
 * A community as its file, PEM texts inline: read again it gives the same entries. `heading` is a line of comment on top.
 * Entries that cannot be said in a community file give a file that is refused when it is read.
 */
export function writeCommunity(entries: CommunityEntries, heading: string): string {
  const comment = heading.replace(/\p{Cc}+/gu, ' ');
  return `# ${comment}\n${stringify(communityDraft(entries), { lineWidth: 0, aliasDuplicateObjects: false, version: '1.2' })}`;
}
