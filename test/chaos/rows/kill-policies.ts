import { playFault } from '../fault-run.js';
import type { Account, Span } from '../ledger.js';
import { moment, pause } from '../moment.js';
import type { Row } from '../row.js';

const newPairs = ['crow.example', 'dune.example'];
/** A verdict is asked for anew after this: the row is long enough to see old ones used. */
const fresh = '1s';

/** Both policies die: what is known goes on. */
export const killPolicies: Row = {
  name: 'kill-policies',
  about: 'kill -9 of both policies; one is started again after 6 s',
  promise:
    'known pairs go on with the last verdict (for timeouts.verdictStale, 10 minutes unless set otherwise); unknown pairs get 503 with Retry-After, and the far member’s answer once a policy is back',
  run: (stage) =>
    playFault(stage, {
      topology: { settings: { ingress: { timeouts: { verdictFresh: fresh } } } },
      seconds: 14,
      concerns: (from, to) => from === 'elm' && to !== 'fern',
      async strike({ hub, party, note }) {
        const rate = (stage.options.rate ?? 1_000) / 3;
        const elm = party('elm');
        await Promise.all(hub.policies.map((policy) => policy.kill()));
        await elm.send(['fern.example', ...newPairs], rate);
        await pause(6_000);
        const began = moment();
        await hub.policies[0]?.revive();
        note(`verdicts go stale after ${fresh} here; the policy needed ${Math.round(moment() - began)} ms to start`);
      },
      demands: { refusals: ['503 hub-unavailable', '503 policy-unavailable'], othersP99: { ratio: 2, floor: 50 } },
      inspect: async (_, account) => unknownPairs(account),
    }),
};

/** Unknown pairs must have seen 503 while nobody knew, and the far member when somebody did. */
function unknownPairs({ pairs }: Account): string[] {
  return pairs
    .filter((pair) => pair.concerned)
    .flatMap(({ from, to, after }) => [
      ...((after.statuses.get(503) ?? 0) > 0 ? [] : [`${from} to ${to}, an unknown pair, never got 503`]),
      ...(lastWell(after) ? [] : [`${from} to ${to} was not let through when a policy was back`]),
    ]);
}

function lastWell({ real }: Span): boolean {
  return real > 0;
}
