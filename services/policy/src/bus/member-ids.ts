import type { Bus, Stop } from '@guildhall/chassis/bus';
import { nearest } from '@guildhall/proto/community/near-miss';
import { MemberIdsAnswer, MemberIdsQuestion } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { policyQueue, subjects } from '@guildhall/proto/subjects';
import type { Membership } from '../decision/membership.js';

/** Ids of one question that are looked at. */
const mostAsked = 100;
/** Communities of so many members are named whole. */
const mostNamed = 20;

/** Answers which ids are members; not before there is a membership. */
export function answerMemberIds(bus: Pick<Bus, 'subscribe'>, membership: () => Membership | undefined): Stop {
  return bus.subscribe(
    subjects.memberIds,
    (payload, reply) => {
      const { ids } = MemberIdsQuestion.decode(payload);
      const now = membership();
      if (now !== undefined) reply?.(MemberIdsAnswer.encode(memberIds(ids, now)).finish());
    },
    policyQueue,
  );
}

/** Which of these are no members, and which members there are: all of few, else those an unknown one was probably meant to be. */
export function memberIds(asked: readonly string[], { members, ids }: Pick<Membership, 'members' | 'ids'>): MemberIdsAnswer {
  const unknown = asked.slice(0, mostAsked).filter((id) => !members.has(id));
  if (unknown.length === 0) return { unknown, known: [] };
  if (ids.length <= mostNamed) return { unknown, known: [...ids] };
  const near = unknown.map((id) => nearest(id, ids)).filter((id) => id !== undefined);
  return { unknown, known: [...new Set(near)] };
}
