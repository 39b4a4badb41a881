import { type Ground, playFault } from './fault-run.js';
import type { Account } from './ledger.js';
import { type MemberFigures, watchMember } from './member-watch.js';
import { moment, pause } from './moment.js';
import type { Row, RowResult, Stage } from './row.js';
import type { TopologyPart } from './topology.js';

/** The receiver that is in trouble. */
export const sick = 'crow';

/** What is known of a trouble before it is played. */
export interface TroubleFacts {
  readonly name: string;
  readonly about: string;
  /** Final answers of the hub's own that its senders may get meanwhile, as "status reason". */
  readonly refusals: readonly string[];
  /** Whether a link must be given up, as a sign that it was noticed: whoever answers, if only with 503, keeps them. */
  readonly linksGo: boolean;
  /** How long it lasts, ms; default 15 s, well beyond the 10 s in which it is noticed. */
  readonly lasts?: number;
}

/** A trouble of one member's proxy, which comes and goes once. */
export interface Trouble {
  /** Where the hub reaches the member; default as always. */
  readonly memberPath?: TopologyPart['memberPath'];
  begin(ground: Ground): Promise<void>;
  end(ground: Ground): Promise<void>;
  /** After the run. */
  close?(): Promise<void>;
}

/** Times of a row in ms, as with the relay's own time-outs where nobody configured others. */
const usual = {
  lasts: 15_000,
  /** Traffic to it is normal again so long after its end: a dial into the trouble takes 5 s to fail, the next comes 5 s later at most, and what waited goes then. */
  recovery: 12_000,
  /** Then it goes on for a while. */
  beyond: 3_000,
} as const;
/** The relay's time-outs that those follow from, ms (services/relay/src/config.ts). */
const relayTimes = { connect: 5_000, reconnect: 1_000, probe: 5_000, dead: 9_500, backoffMost: 5_000 } as const;
/** A trouble is noticed so long after the relay's time-out: it looks every 250 ms, and so do we. In all 10 s (DESIGN 5). */
const noticeSlack = 500;
/** What a relay may keep waiting for one member when nothing else is configured (limits.queue and queueBytes). */
const bounds = { waiting: 2_000, waitingBytes: 4 * 1024 * 1024 };
/** Others' answers may take twice as long as before, and what takes less than this is no delay anybody notices. */
export const othersP99 = { ratio: 2, floor: 50 } as const;

/** The row of a trouble: what its senders get, what it costs, that it is noticed in time, that nobody else notices, and that it passes by itself. */
export function memberRow(facts: TroubleFacts, open: () => Trouble): Row {
  const noticed = facts.linksGo ? 'noticed within 10 s; ' : '';
  return {
    name: facts.name,
    about: `${facts.about}, for ${(facts.lasts ?? usual.lasts) / 1000} s`,
    promise: `${noticed}its senders get one final answer each (${facts.refusals.join(', ')}), its queue stays in bounds, others see no 503 and a p99 within 2× (below 50 ms it is no delay); normal within 12 s of its end, without a restart`,
    async run(stage) {
      const trouble = open();
      try {
        return await playTrouble(stage, facts, trouble);
      } finally {
        await trouble.close?.();
      }
    },
  };
}

/** How much shorter everything is when the command line asks for less time than the row needs: the relay's time-outs too. At most 1. */
function scaleFor(seconds: number | undefined, lasts: number): number {
  const whole = lasts + usual.recovery + usual.beyond;
  return Math.max(0.15, Math.min(1, seconds === undefined ? 1 : (seconds * 1000) / whole));
}

/** The relay's time-outs, as one writes them. */
function shorter(scale: number): { [K in keyof typeof relayTimes]: string } {
  const ms = (time: number) => `${Math.round(time * scale)}ms`;
  const { connect, reconnect, probe, dead, backoffMost } = relayTimes;
  return { connect: ms(connect), reconnect: ms(reconnect), probe: ms(probe), dead: ms(dead), backoffMost: ms(backoffMost) };
}

function playTrouble(stage: Stage, facts: TroubleFacts, trouble: Trouble): Promise<RowResult> {
  const { lasts = usual.lasts } = facts;
  const scale = scaleFor(stage.options.seconds, lasts);
  const recovery = usual.recovery * scale;
  const notice = relayTimes.dead * scale + noticeSlack;
  let endedAt = 0;
  let figures: MemberFigures = { noticedAt: 0, waiting: 0, waitingBytes: 0, transactions: 0 };
  return playFault(stage, {
    topology: {
      ...(trouble.memberPath === undefined ? {} : { memberPath: trouble.memberPath }),
      ...(scale === 1 ? {} : { settings: { relay: { timeouts: shorter(scale) } } }),
    },
    concerns: (_, to) => to === sick,
    async strike(ground) {
      await trouble.begin(ground);
      ground.struck();
      const watch = watchMember(ground.hub, sick);
      await pause(lasts * scale);
      figures = await watch.stop();
      endedAt = moment();
      await trouble.end(ground);
      // Traffic goes on beyond the moment at which it must be normal.
      await pause(recovery + usual.beyond * scale);
    },
    demands: (_, ground) => ({ refusals: facts.refusals, othersP99, normalAfter: endedAt - ground.faultAt() + recovery }),
    async inspect(ground, account) {
      const { waiting, waitingBytes, transactions, noticedAt } = figures;
      const after = noticedAt === 0 ? undefined : noticedAt - ground.faultAt();
      if (facts.linksGo && after !== undefined) ground.note(`noticed after ${seconds(after)}`);
      ground.note(`normal ${seconds(Math.max(0, account.normalAfter - (endedAt - ground.faultAt())))} after its end`);
      ground.note(
        `at the worst ${waiting} requests (${(waitingBytes / 1024).toFixed(0)} KiB) waited for its links, and the relays had ${transactions} transactions in all`,
      );
      if (scale < 1) ground.note(`all times, the relays’ time-outs too, are ${scale.toFixed(2)} of the usual ones`);
      return [
        ...(facts.linksGo && (after ?? Number.POSITIVE_INFINITY) > notice
          ? [
              after === undefined
                ? 'no link of it was given up: nobody noticed'
                : `it was noticed after ${seconds(after)}, ${seconds(notice)} is the bound`,
            ]
          : []),
        ...(waiting > bounds.waiting ? [`${waiting} requests waited for its links, ${bounds.waiting} may`] : []),
        ...(waitingBytes > bounds.waitingBytes ? [`${waitingBytes} bytes waited for its links, ${bounds.waitingBytes} may`] : []),
        ...unanswered(account),
      ];
    },
  });
}

/** Nobody was to get real answers only: the trouble never came about. */
function unanswered(account: Account): string[] {
  const troubled = account.pairs.filter((pair) => pair.concerned).some((pair) => pair.after.real < pair.after.answered);
  return troubled ? [] : ['the fault had no effect: everybody got real answers all along'];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
