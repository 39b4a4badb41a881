import type { InstanceFacts } from '@guildhall/chassis/instance-report';
import { MemberState } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import type { Ingress } from './ingress-parts.js';
import type { Member } from './members.js';
import type { RecordKeeping } from './record-keeping.js';

/** Members with a connection or something in flight, as they are when they are asked for. */
function* membersOf(members: Iterable<Member>): Iterable<MemberState> {
  for (const { id, wires, inFlight, certificateEnds } of members) {
    if (wires.length === 0 && inFlight === 0) continue;
    const ends = Number.isFinite(certificateEnds) ? BigInt(Math.max(0, Math.trunc(certificateEnds))) : 0n;
    yield MemberState.fromPartial({ member: id, connections: wires.length, inFlight, certificateEnds: ends });
  }
}

/** What an ingress reports of itself. */
export function instanceFacts({ ready, gauges }: Pick<Ingress, 'gauges' | 'ready'>, keeping: RecordKeeping | undefined): InstanceFacts {
  return {
    ready,
    inFlight: gauges.inFlight,
    figures: () => ({
      overload: gauges.shedding.state(),
      recordsMade: BigInt(keeping?.counts.made ?? 0),
      recordsStored: BigInt(keeping?.counts.stored ?? 0),
      recordsDropped: BigInt(keeping?.counts.dropped ?? 0),
      recordsWaiting: keeping?.waiting() ?? 0,
    }),
    members: () => membersOf(gauges.members()),
  };
}
