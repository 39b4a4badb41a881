import type { MemberState } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import type { Member } from './member.js';

/** Members as a report names them: those that anything was tried for, or is waiting. */
export function* memberStates(members: Iterable<Member>): Generator<MemberState> {
  for (const member of members) {
    const state = stateOf(member);
    if (state.waiting > 0 || state.links.some((link) => link.state !== 'idle') || member.inFlight > 0) yield state;
  }
}

function stateOf({ id, proxies, budget }: Member): MemberState {
  return {
    member: id,
    connections: 0,
    inFlight: 0,
    certificateEnds: 0n,
    waiting: budget.count(),
    links: proxies.flatMap((proxy) =>
      proxy.links.map((link) => {
        const { state, why, certificateEnds } = link.standing();
        return { address: link.address, state, why, certificateEnds: BigInt(Math.trunc(certificateEnds)) };
      }),
    ),
  };
}
