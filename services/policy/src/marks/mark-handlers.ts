import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { whoIs } from '@guildhall/chassis/api/caller';
import type { AdminHandlers } from '../api/api-handlers.js';
import type { Membership } from '../decision/membership.js';
import type { Marks } from './keep-marks.js';

/** Heads of messages are kept for so long at least and at most, ms. */
const shortest = 60_000;
const longest = 24 * 60 * 60_000;
const longestWhy = 200;

/** What the handlers work with besides the marks. */
export interface MarkHandlerNeeds {
  membership(): Membership | undefined;
  /** Time of day in ms. */
  wall(): number;
}

/** The methods of the AdminService about marks. */
export function markHandlers(
  marks: Pick<Marks, 'mark' | 'unmark' | 'list'>,
  { membership, wall }: MarkHandlerNeeds,
): Pick<AdminHandlers, 'markMember' | 'unmarkMember' | 'listMarks'> {
  return {
    async markMember({ member, forMs, why }, caller) {
      const span = Number(forMs);
      if (!(span >= shortest && span <= longest)) {
        throw new ApiFault('invalid', 'Heads are kept for a minute to 24 hours.', 'give a time between them');
      }
      if (why.length > longestWhy) throw new ApiFault('invalid', `A reason has at most ${longestWhy} characters.`, 'say it shorter');
      const inForce = membership();
      if (inForce === undefined) throw new ApiFault('unavailable', 'The hub has no membership yet: see /readyz of policy for why.');
      if (!inForce.members.has(member)) {
        throw new ApiFault('not-found', `There is no member ${member.slice(0, 64)}.`, 'see guildhall member list');
      }
      const now = wall();
      const mark = { member, until: time(now + span), who: whoIs(caller), when: time(now), why };
      return { mark: await marks.mark(mark) };
    },
    async unmarkMember({ member }) {
      return { mark: await marks.unmark(member) };
    },
    async listMarks() {
      return { marks: marks.list() };
    },
  };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
