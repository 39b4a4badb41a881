import { memoryBus } from '@guildhall/chassis/memory-bus';
import { MemberIdsAnswer, MemberIdsQuestion } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { subjects } from '@guildhall/proto/subjects';
import { describe, expect, it } from 'vitest';
import { answerMemberIds, memberIds } from './member-ids.js';

type Names = Parameters<typeof memberIds>[1];
const of = (ids: readonly string[]): Names => ({ ids, members: new Map(ids.map((id) => [id, expect.anything()])) });

describe('ids that are no members', () => {
  it('are named, with all members of a small community', () => {
    expect(memberIds(['bolt', 'nosuch'], of(['acme', 'bolt']))).toEqual({ unknown: ['nosuch'], known: ['acme', 'bolt'] });
  });

  it('are named with what was probably meant where there are many', () => {
    const many = of(Array.from({ length: 1000 }, (_, index) => `member-${index}`));
    expect(memberIds(['membre-7', 'nosuch', 'member-8'], many)).toEqual({ unknown: ['membre-7', 'nosuch'], known: ['member-7'] });
  });

  it('are looked at only so many at once', () => {
    const asked = Array.from({ length: 5000 }, (_, index) => `x${index}`);
    expect(memberIds(asked, of([])).unknown.length).toBe(100);
  });

  it('are not told of before there is a membership', async () => {
    const bus = memoryBus();
    const stop = answerMemberIds(bus, () => undefined);
    const question = MemberIdsQuestion.encode({ ids: ['acme'] }).finish();
    await expect(bus.request(subjects.memberIds, question, 20)).rejects.toMatchObject({ code: 'timeout' });
    stop();
  });
});

it('answers that members are known, and says no more of the community', () => {
  expect(memberIds(['acme'], of(['acme', 'bolt']))).toEqual({ unknown: [], known: [] });
  expect(MemberIdsAnswer.decode(MemberIdsAnswer.encode({ unknown: [], known: [] }).finish())).toEqual({ unknown: [], known: [] });
});
