import type { IngressInstance } from '../../stage/hub.js';
import { readCounter } from '../../stage/metric-sum.js';
import { playFault } from '../fault-run.js';
import type { Account } from '../ledger.js';
import { pause } from '../moment.js';
import { halfway, type Row } from '../row.js';

/** So long the members that are asked over links take to answer: what the ingress has at its death is no accident then. */
const answerMs = 200;
/** What a relay says to requests that went down with their ingress. */
const mayBe = '503 hub-unavailable';
/** An ingress is off the roster after 1.5 s, and given up 2 s later; a relay looks four times a second. */
const longestMs = 4_500;

/** An ingress dies with requests that members sent on the links that relays dialled to them. */
export const killIngressReuse: Row = {
  name: 'kill-ingress-reuse',
  about: 'kill -9 of the ingress that takes what a member sends on the link that a relay dialled to it (RFC 5923); started again half-way',
  promise:
    'no link ends; each request on one is answered on it, once, within 4.5 s: by the far member, or 503 without Retry-After where the dead ingress had it; none has two branches',
  run: (stage) => {
    let its: IngressInstance | undefined;
    return playFault(stage, {
      concerns: (from) => from === 'crow' || from === 'dune',
      async join({ party, senders, receivers }, rate) {
        for (const id of senders) await party(id).behave({ kind: 'answers', status: 200, delay: answerMs });
        const members = receivers.map(party);
        const peers = senders.map((id) => party(id).domain);
        for (const member of members) {
          await member.reuse();
          await member.send(peers, rate / 2 / members.length);
        }
        return members;
      },
      async strike({ hub, note, struck }) {
        const requests = await Promise.all(
          hub.ingresses.map((one) => readCounter(one, 'guildhall_member_requests_total', { member: 'crow' })),
        );
        its = hub.ingresses[requests.indexOf(Math.max(...requests))];
        struck();
        await its?.kill();
        note(`killed ${its?.id}, which had taken ${Math.max(...requests)} requests on links to crow`);
        await pause(halfway(stage));
        await its?.revive();
      },
      demands: (account) => ({
        died: Number.POSITIVE_INFINITY,
        refusals: [mayBe],
        withoutRetryAfter: account.refused.get(mayBe) ?? 0,
        normalAfter: 2_000,
        longest: longestMs,
        othersP99: { ratio: 2, floor: 50 },
      }),
      async inspect({ receivers, party, note }, account) {
        const refused = account.refused.get(mayBe) ?? 0;
        note(
          `${sentOnLinks(account)} requests on links, ${refused} of them answered ${mayBe}; ${account.died} died on connections to ${its?.id}`,
        );
        const links = new Set(receivers.map((id) => party(id).port));
        const wrong = ([port]: readonly [number, number]) => port !== its?.port;
        return [
          ...(refused === 0 ? ['no request of a link was with the ingress when it died: nothing is shown'] : []),
          ...(account.withoutRetryAfter < refused
            ? [`${refused - account.withoutRetryAfter} of ${refused} came with Retry-After, which turns their sender away from the hub`]
            : []),
          ...[...account.diedOn].filter(wrong).map(([port, count]) => `${count} requests died on ${named(port, links)}`),
          ...[...account.endedOn].filter(wrong).map(([port, count]) => `${count} connections ended: ${named(port, links)}`),
        ];
      },
    });
  },
};

function sentOnLinks({ pairs }: Account): number {
  return pairs.filter(({ concerned }) => concerned).reduce((sum, { before, after }) => sum + before.sent + after.sent, 0);
}

function named(port: number, links: ReadonlySet<number>): string {
  return links.has(port) ? `a link to port ${port}` : `connections to port ${port}`;
}
