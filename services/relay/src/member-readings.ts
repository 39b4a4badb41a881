import type { Member } from './member.js';

/** What instruments read of a member. */
export interface MemberReading {
  readonly id: string;
  /** Links that are up. */
  readonly up: number;
  /** Whether a message would find a way; undefined while nobody knows its door. */
  readonly reachable: boolean | undefined;
  /** The first end of a certificate its proxies showed, wall ms; 0: they showed none. */
  readonly certificateEnds: number;
  /** Requests and bytes that wait. */
  readonly waiting: number;
  readonly waitingBytes: number;
}

/** A reading of each member a relay holds. */
export function* memberReadings(members: Iterable<Member>): Generator<MemberReading> {
  for (const { id, door, proxies, budget } of members) {
    let up = 0;
    // A proxy that nobody dialled yet is none that cannot be reached.
    let mayBe = false;
    let certificateEnds = 0;
    for (const { links } of proxies) {
      for (const link of links) {
        const standing = link.standing();
        if (link.isUp()) up += 1;
        if (standing.state === 'idle') mayBe = true;
        if (standing.certificateEnds > 0) certificateEnds = Math.min(certificateEnds || standing.certificateEnds, standing.certificateEnds);
      }
    }
    const reachable = door === 'open' ? up > 0 || mayBe : undefined;
    yield { id, up, reachable, certificateEnds, waiting: budget.count(), waitingBytes: budget.bytes() };
  }
}
