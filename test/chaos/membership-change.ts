import {
  type GetMemberResponse,
  PutMemberRequest,
  type PutMemberResponse,
  RemoveMemberRequest,
  type RemoveMemberResponse,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { asked, openApi } from '../stage/admin.js';
import type { HubServices } from '../stage/hub.js';
import { moment, pause } from './moment.js';

/** What came of an attempt to change the membership. */
export interface Attempt {
  /** '' when it was made, else what the operator reads. */
  readonly refused: string;
  /** ms until the answer. */
  readonly took: number;
}

/** As an operator, asks policy number `at` (from 0) to add a member of this id, and to remove it again when that succeeded. */
export async function tryChange(hub: HubServices, id: string, at = 0): Promise<Attempt> {
  const api = openApi(hub, { token: hub.operatorToken() }, at);
  const began = moment();
  const order = { why: 'a chaos row' };
  try {
    const member = { id, domains: [`${id}.example`] };
    await asked<PutMemberResponse>((done) => api.membership.putMember(PutMemberRequest.fromPartial({ order, member }), done));
    const took = moment() - began;
    const { member: stored } = await asked<GetMemberResponse>((done) => api.membership.getMember({ id }, done));
    const expected = stored?.revision ?? 0n;
    await asked<RemoveMemberResponse>((done) =>
      api.membership.removeMember(RemoveMemberRequest.fromPartial({ order, id, expected }), done),
    );
    return { refused: '', took };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error), took: moment() - began };
  } finally {
    api.close();
  }
}

/** Tries it until it succeeds, of one policy after the other, for `patience` ms: the last attempt, with the time that all of them took. */
export async function changesAgain(hub: HubServices, id: string, patience: number): Promise<Attempt> {
  const began = moment();
  for (let number = 1; ; number += 1) {
    const { refused } = await tryChange(hub, `${id}-${number}`, number % hub.policies.length);
    const took = moment() - began;
    if (refused === '' || took > patience) return { refused, took };
    await pause(500);
  }
}
