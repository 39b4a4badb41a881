import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Bus } from '@guildhall/chassis/bus';
import { askPolicy } from '@guildhall/chassis/bus-ask';
import { BusError } from '@guildhall/chassis/bus-error';
import { quoted } from '@guildhall/proto/community/quoted';
import { MemberIdsAnswer, MemberIdsQuestion } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { subjects } from '@guildhall/proto/subjects';

/** Refuses ids of nobody with an ApiFault `not-found`. */
export type MemberIds = (ids: readonly string[]) => Promise<void>;

const patience = 1000;

/**
 * Looks who is known `here` from reports and records, and asks policy about the others. While policy does not answer every id counts as known:
 * figures do not hang on it.
 */
export function createMemberIds(bus: Pick<Bus, 'request' | 'connected' | 'onConnected'>, here: () => ReadonlySet<string>): MemberIds {
  return async (ids) => {
    const known = here();
    const strange = ids.filter((id) => !known.has(id));
    if (strange.length === 0) return;
    const answer = await ask(bus, strange);
    const [unknown] = answer.unknown;
    if (unknown !== undefined) throw noSuchMember(unknown, answer);
  };
}

async function ask(bus: Pick<Bus, 'request' | 'connected' | 'onConnected'>, ids: readonly string[]): Promise<MemberIdsAnswer> {
  try {
    const question = MemberIdsQuestion.encode({ ids: [...ids] }).finish();
    return MemberIdsAnswer.decode(await askPolicy(bus, subjects.memberIds, question, patience));
  } catch (thrown) {
    if (thrown instanceof BusError) return { unknown: [], known: [] };
    throw thrown;
  }
}

function noSuchMember(id: string, { known }: MemberIdsAnswer): ApiFault {
  const cure = `${known.length === 0 ? '' : `there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}; `}guildhall member list tells all`;
  return new ApiFault('not-found', `There is no member ${quoted(id)}.`, cure);
}
