import type { Instance } from '../stage/hub.js';
import { openShiftedClock, type ShiftedClock } from './clock-shift.js';
import { type Ground, playFault } from './fault-run.js';
import { othersP99 } from './member-trouble.js';
import { tryChange } from './membership-change.js';
import { pause } from './moment.js';
import type { Row } from './row.js';
import { hubDomain } from './topology.js';

const backMs = 10_000;

/** The row in which the wall clock of every service jumps by so many seconds, and to the true time again 10 s later. */
export function clockRow(name: string, seconds: number, about: string): Row {
  return {
    name,
    about: `${about}, and to the true time again after 10 s`,
    promise: 'nobody notices: no refusal, no answer late, no connection ends; new connections and a change of the membership go as before',
    async run(stage) {
      const clock = await openShiftedClock(stage.say);
      const troubles: string[] = [];
      let before: ReadonlyMap<string, number> = new Map();
      try {
        return await playFault(stage, {
          topology: { environment: clock.environment },
          async strike(ground) {
            ground.note(clock.how);
            before = await endings(ground);
            ground.struck();
            await jump(ground, clock, seconds, troubles);
            await pause(backMs - 2_000);
            await jump(ground, clock, 0, troubles);
            await pause(4_000);
          },
          demands: { refusals: [], othersP99, real: 1 },
          inspect: async (ground) => [...troubles, ...moreEnded(before, await endings(ground))],
        });
      } finally {
        clock.close();
      }
    },
  };
}

/** Shifts the clock, waits until every service says the new time, and does what reads the clock: a handshake each way, a change, readiness. */
async function jump(ground: Ground, clock: ShiftedClock, seconds: number, troubles: string[]): Promise<void> {
  const { hub, ports, party, bystanders, stage } = ground;
  const services = [...hub.ingresses, ...hub.relays, ...hub.policies];
  clock.shift(seconds);
  await pause(2_000);
  const after = seconds === 0 ? 'when the clock was right again' : `after the jump of ${seconds} s`;
  for (const one of services) {
    const { off, reasons } = await asked(one);
    if (Math.abs(off - seconds) > 5) troubles.push(`${one.id} did not see the jump: its clock is ${off.toFixed(0)} s off ${after}`);
    if (reasons !== '') troubles.push(`${one.id} is not ready ${after}: ${reasons}`);
  }
  // A receiver that has not dialled yet: a handshake in the new time.
  await party(bystanders[1]).dial(ports, hubDomain, 1);
  const { refused } = await tryChange(hub, seconds === 0 ? 'gale' : 'hull');
  if (refused !== '') troubles.push(`a change of the membership was refused ${after}: ${refused}`);
  stage.say(`  ${after}: ${services.length} services looked at`);
}

/** How many seconds a service's wall clock is off, and why it is not ready. */
async function asked(one: Instance): Promise<{ readonly off: number; readonly reasons: string }> {
  const answer = await fetch(`http://${one.addresses['admin']}/readyz`);
  const reasons = answer.ok ? '' : await answer.text();
  return { off: (Date.parse(answer.headers.get('date') ?? '') - Date.now()) / 1000, reasons };
}

/** Connections of each party that have ended so far: those it dialled, and those it took. */
async function endings({ parties }: Ground): Promise<ReadonlyMap<string, number>> {
  const ended = new Map<string, number>();
  for (const { id, books } of parties.values()) {
    const { sent, received } = await books();
    ended.set(id, sent.connections.filter(({ end }) => end !== '').length + received.ended);
  }
  return ended;
}

function moreEnded(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): readonly string[] {
  return [...after].flatMap(([id, count]) => {
    const more = count - (before.get(id) ?? 0);
    return more > 0 ? [`${more} connections of ${id} ended`] : [];
  });
}
