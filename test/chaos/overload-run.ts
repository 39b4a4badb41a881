import { readMetrics, sumIn } from '../stage/metric-sum.js';
import { type Apart, keepApart } from './cores.js';
import { openDialogProbe } from './dialog-probe.js';
import { collect } from './fault-run.js';
import { balance } from './ledger.js';
import { readMemory } from './memory.js';
import { moment, pause } from './moment.js';
import type { Books } from './party-protocol.js';
import { judge } from './promise.js';
import type { RowResult, Stage } from './row.js';
import { hubDomain, openTopology, type Topology } from './topology.js';

/** More load than the hub can take, for `playOverload`. */
export interface Overload {
  /** What each sender offers, as a part of the peak, while the load is on. The bystander `elm` is one of them. */
  readonly offers: Readonly<Record<'acme' | 'bolt' | 'elm', number>>;
  /** Senders that ask for no more than their share: they lose nothing. */
  readonly modest: readonly string[];
  /** Seconds of load when the command line says nothing; default 10. */
  readonly seconds?: number;
}

/** Goodput under load is at least this part of the peak. */
const goodput = 0.85;
/** Of what is accepted so much is answered within this, from when the hub read it: what a member sends beyond its share waits in TCP, with its sender. */
const accepted = { part: 0.99, seconds: '0.5' };
const modestReal = 0.999;
const modestP99 = 500;
/** MiB that a process of the hub may have more after the load than before it. */
const growth = 96;
/** The load has fallen this long, and what waited in TCP then has been served at the peak's rate: everything is as before, ms. */
const recovery = 2_000;
/** The peak is looked for from this many requests a second, by this factor, ms a step. */
const ramp = { from: 1_500, by: 1.35, ms: 2_000, steps: 14, without: 3 };
const calmPart = 0.4;
const probeEvery = 50;
const patienceMs = 40_000;

/** Finds what the hub can do, offers several times that, lets the load fall, and holds the account against the promise. */
export async function playOverload(stage: Stage, overload: Overload): Promise<RowResult> {
  const { options, signal, say } = stage;
  const topology = await openTopology({
    servers: 1,
    services: { ingresses: 1, relays: 1, policies: 1 },
    each: 4,
    ...(options.members === undefined ? {} : { members: options.members }),
  });
  let apart: Apart | undefined;
  try {
    const notes: string[] = [];
    const parties = [...topology.parties.values()];
    apart = keepApart(
      topology.processes().map(([, pid]) => pid),
      parties.map((one) => one.pid),
    );
    notes.push(apart.how === '' ? 'nothing bound the hub to a core: members and hub share all of them' : apart.how);
    const senders = Object.keys(overload.offers).map((id) => topology.party(id));
    for (const sender of senders) await sender.dial(topology.ports, hubDomain, topology.each);
    const offer = async (parts: Readonly<Record<string, number>>, rate: number): Promise<void> => {
      for (const [id, part] of Object.entries(parts)) await topology.party(id).send(peersOf(topology, id), Math.round(rate * part));
    };
    const probe = await openDialogProbe({
      identity: { ...topology.identity('acme'), domain: 'acme.example', ca: topology.authority.cert },
      from: 'acme.example',
      to: 'crow.example',
      port: topology.ports[0] ?? 0,
      serverName: hubDomain,
      every: probeEvery,
    });

    const even = { acme: 0.45, bolt: 0.45, elm: 0.1 };
    const peak = options.rate ?? (await findPeak(topology, (rate) => offer(even, rate), say));
    notes.push(`peak ${Math.round(peak)} a second`);
    await offer(even, peak * calmPart);
    await pause(2_000);
    const since = moment();
    await pause(3_000);
    signal.throwIfAborted();
    const before = readMemory(topology.processes());

    say(`  the peak is ${Math.round(peak)} a second; now the load`);
    const faultAt = moment();
    const durations = await readDurations(topology);
    await offer(overload.offers, peak);
    await pause((options.seconds ?? overload.seconds ?? 10) * 1000);
    const fallsAt = moment();
    const duration = difference(durations, await readDurations(topology));
    const soon = Math.min(1, duration.soon / Math.max(1, duration.all));
    await offer(even, peak * calmPart);
    const calmAfter = await untilCalm(topology, fallsAt);
    await pause(4_000);
    const endAt = moment();
    say('  the last answers');
    await Promise.all(senders.map((sender) => sender.settle(patienceMs)));
    const calls = await probe.finish(patienceMs);
    probe.close();
    await pause(1_000);
    const after = readMemory(topology.processes());
    const { books, blanks } = await collect(topology, faultAt);
    const concerns = (from: string): boolean => !overload.modest.includes(from);
    const account = balance({ books, blanks, since, faultAt, endAt, slow: recovery, concerns });
    const loaded = phase(books, faultAt + 1_000, fallsAt);
    const waited = (waitingAt(books, fallsAt) / peak) * 1000;
    const bound = recovery + waited;
    const fallen = phase(books, fallsAt + bound, endAt);
    const shed = await topology.hub.counted('ingress', 'guildhall_member_shed_total');
    notes.push(
      `under load ${Math.round(loaded.goodput)} a second were answered by the far member (${percent(loaded.goodput / peak)} of the peak), ${percent(soon)} within ${accepted.seconds} s of being read; with the time in TCP p50 ${loaded.p50.toFixed(0)} ms, p99 ${loaded.p99.toFixed(0)} ms; ${shed} were shed, ${account.heldBack} kept back by TCP`,
      `within a call ${calls.answered} of ${calls.sent} answered, slowest ${calls.longest.toFixed(0)} ms; calm again ${calmAfter.toFixed(0)} ms after the load fell, when ${(waited / 1000).toFixed(1)} s of work waited in TCP`,
    );
    const broken = [
      ...judge(account, {
        othersReal: modestReal,
        othersP99: { ratio: 2, floor: modestP99 },
        others503: true,
        refusals: ['503 hub-overloaded'],
      }),
      ...told(
        loaded.goodput < peak * goodput,
        `goodput under load was ${percent(loaded.goodput / peak)} of the peak, ${percent(goodput)} is the bound`,
      ),
      ...told(
        soon < accepted.part,
        `${percent(soon)} of what was accepted was answered within ${accepted.seconds} s, ${percent(accepted.part)} is the bound`,
      ),
      ...told(calls.answered < calls.sent, `${calls.sent - calls.answered} of ${calls.sent} requests within a call got no answer`),
      ...told(calls.otherwise.length > 0, `${calls.otherwise.length} requests within a call were refused: ${calls.otherwise[0]}`),
      ...told(
        calmAfter > bound,
        `the hub shed for ${calmAfter.toFixed(0)} ms after the load had fallen, ${bound.toFixed(0)} ms is the bound`,
      ),
      ...told(fallen.refused > 0, `${fallen.refused} were refused later than ${bound.toFixed(0)} ms after the load had fallen`),
      ...grown(before, after),
    ];
    return { verdict: broken.length === 0 ? 'kept' : 'broken', broken, notes, account, memory: { before, after } };
  } finally {
    apart?.together();
    await topology.close();
  }
}

/** Requests that were answered, and of those the ones within the bound. */
interface Durations {
  readonly soon: number;
  readonly all: number;
}

/** Of one reading: a hub that has too much to do may answer the next one thousands of requests later. */
async function readDurations({ hub }: Topology): Promise<Durations> {
  const metric = 'guildhall_message_duration_seconds';
  const pages = await Promise.all(hub.ingresses.map(readMetrics));
  const sum = (name: string, labels: Readonly<Record<string, string>>): number =>
    pages.reduce((all, page) => all + sumIn(page, `${metric}${name}`, labels), 0);
  return { soon: sum('_bucket', { le: accepted.seconds }), all: sum('_count', {}) };
}

function difference(before: Durations, after: Durations): Durations {
  return { soon: after.soon - before.soon, all: after.all - before.all };
}

function told(is: boolean, sentence: string): readonly string[] {
  return is ? [sentence] : [];
}

function grown(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): readonly string[] {
  return [...after].flatMap(([name, mib]) => {
    const more = mib - (before.get(name) ?? mib);
    return told(more > growth, `${name} has ${more.toFixed(0)} MiB more than before the load, ${growth} MiB is the bound`);
  });
}

function peersOf({ bystanders, receivers }: Topology, id: string): readonly string[] {
  return (id === bystanders[0] ? [bystanders[1]] : receivers).map((peer) => `${peer}.example`);
}

/** Offers more and more, until three steps in a row bring nothing more; gives the most that was answered in a second. */
async function findPeak({ hub }: Topology, offer: (rate: number) => Promise<void>, say: Stage['say']): Promise<number> {
  let peak = 0;
  let without = 0;
  let rate = ramp.from;
  for (let step = 0; step < ramp.steps && without < ramp.without; step += 1, rate *= ramp.by) {
    await offer(rate);
    await pause(ramp.ms / 3);
    const before = await answered(hub);
    await pause((ramp.ms * 2) / 3);
    const after = await answered(hub);
    const reached = ((after.count - before.count) * 1000) / (after.at - before.at);
    say(`  offered ${Math.round(rate)}, answered ${Math.round(reached)} a second`);
    without = reached > peak * 1.03 ? 0 : without + 1;
    peak = Math.max(peak, reached);
  }
  return peak;
}

/** How many were answered, and when that was read: half-way between the question and its answer, for both may have to wait. */
async function answered(hub: Topology['hub']): Promise<{ readonly count: number; readonly at: number }> {
  const asked = moment();
  const count = await hub.counted('ingress', 'guildhall_ingress_responses_total', { class: '2xx' });
  return { count, at: (asked + moment()) / 2 };
}

/** ms from then until no ingress sheds any more; at most ten seconds. */
async function untilCalm({ hub }: Topology, since: number): Promise<number> {
  for (;;) {
    const state = await hub.counted('ingress', 'guildhall_ingress_overload');
    if (state < 2 || moment() - since > 10_000) return moment() - since;
    await pause(50);
  }
}

/** Requests sent before a moment and answered behind it: they wait in the hub and, most of them, in TCP. */
function waitingAt(books: readonly Books[], moment: number): number {
  let waiting = 0;
  for (const { sent } of books)
    for (let number = 0; number < sent.count; number += 1)
      if ((sent.sentAt[number] ?? 0) < moment && (sent.answeredAt[number] ?? 0) > moment) waiting += 1;
  return waiting;
}

/** What was sent in [from, until): answers of the far member a second, how long they took, and how much the hub refused. */
function phase(books: readonly Books[], from: number, until: number): { goodput: number; p50: number; p99: number; refused: number } {
  const latencies: number[] = [];
  let refused = 0;
  let real = 0;
  for (const { sent } of books) {
    for (let number = 0; number < sent.count; number += 1) {
      const [at, back] = [sent.sentAt[number] ?? 0, sent.answeredAt[number] ?? 0];
      if (sent.reason[number] === 0 && back >= from && back < until) real += 1;
      if (at < from || at >= until || back === 0) continue;
      if (sent.reason[number] === 0) latencies.push(back - at);
      else refused += 1;
    }
  }
  const sorted = Float64Array.from(latencies).sort();
  const quantile = (part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
  return { goodput: (real * 1000) / (until - from), p50: quantile(0.5), p99: quantile(0.99), refused };
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
