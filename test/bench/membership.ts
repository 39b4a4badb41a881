import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startTestServer } from '@guildhall/chassis/nats-server.stage';
import { configSchema } from '@guildhall/policy/config';
import { compile } from '@guildhall/policy/decision/compile';
import { decide } from '@guildhall/policy/decision/decide';
import type { Membership } from '@guildhall/policy/decision/membership';
import { start } from '@guildhall/policy/start';
import { communityEntries } from '@guildhall/proto/community/entries';
import { readCommunity } from '@guildhall/proto/community/file';

/** What a large membership costs. Times in ms, memory in MiB, a verdict in microseconds. */
export interface MembershipFigures {
  readonly members: number;
  readonly readFile: number;
  /** From nothing until policy is ready: into an empty bucket, with the file as it was, and without a file. */
  readonly startImporting: number;
  readonly startUnchanged: number;
  readonly startFromBucket: number;
  readonly compile: number;
  /** About ten of the members, whose entries the processor has at hand; and about all of them in turn. */
  readonly verdict: number;
  readonly verdictSpread: number;
  /** Of a community of ten. */
  readonly verdictOfTen: number;
  /** What the membership in force keeps in the heap. */
  readonly heap: number;
}

/** A community of so many members, each with a domain, two groups and a proxy. */
function communityOf(members: number): string {
  const lines = Array.from(
    { length: members },
    (_, at) =>
      `  - { id: m${at}, name: Member ${at}, domains: [m${at}.example, m${at}.test], groups: [g${at % 50}, h${at % 7}], proxies: [{ host: sip.m${at}.example, port: 5061 }] }`,
  );
  return `community: { id: large, model: limited-clearinghouse }
hub: { domain: hub.example, listeners: [{ name: m, host: 127.0.0.1 }], certificate: { cert: a, key: b }, trust: {} }
members:
${lines.join('\n')}
agreements: [${Array.from({ length: Math.floor(members / 10) }, (_, at) => `{ members: [m${at}, m${at + 1}] }`).join(', ')}]
rules: [{ id: no-video, from: { group: g1 }, to: { any: true }, methods: [INVITE], action: deny }]
`;
}

function membershipOf(text: string): Membership {
  const compiled = compile({ version: 1n, authorities: [], ...communityEntries(readCommunity(text, 'large.yaml'), new Map()) });
  if (compiled === undefined) throw new Error('the sample does not compile');
  return compiled.membership;
}

const now = () => performance.now();

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = now();
  await work();
  return now() - from;
}

interface Asking {
  /** Microseconds a verdict, over a thousand of different pairs. */
  round(): number;
}

/** Asks about the first members, so many of them. */
function asking(membership: Membership, among: number): Asking {
  const ids = membership.ids.slice(0, among);
  const asks = Array.from({ length: 1000 }, (_, at) => {
    const [peer = '', other = ''] = [ids[(at * 7919) % ids.length], ids[(at * 104_729 + 1) % ids.length]];
    return {
      peer,
      fromDomain: `${peer}.example`,
      target: { $case: 'toDomain' as const, value: `sales.${other}.example` },
      method: at % 2 === 0 ? 'MESSAGE' : 'INVITE',
      event: '',
    };
  });
  return {
    round() {
      const from = now();
      for (const ask of asks) decide(membership, ask, 0);
      return ((now() - from) * 1000) / asks.length;
    },
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Microseconds a verdict, in turn, so that whatever else the machine does meets all; medians behind some rounds to warm up. */
function verdictCosts(large: Membership, ten: Membership): Pick<MembershipFigures, 'verdict' | 'verdictSpread' | 'verdictOfTen'> {
  const [one, spread, other] = [asking(large, 10), asking(large, large.ids.length), asking(ten, 10)];
  const rounds = Array.from({ length: 50 }, () => ({ one: one.round(), spread: spread.round(), other: other.round() })).slice(10);
  return {
    verdict: median(rounds.map((round) => round.one)),
    verdictSpread: median(rounds.map((round) => round.spread)),
    verdictOfTen: median(rounds.map((round) => round.other)),
  };
}

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  return () => {
    if (typeof collect === 'function') collect();
  };
}

/** Starts policy with a membership of this size in all three ways over a real nats-server, and measures it. */
export async function measureMembership(
  members: number,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<MembershipFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'guildhall-members-'));
  const server = await startTestServer(environment);
  const text = communityOf(members);
  const file = join(folder, 'large.yaml');
  writeFileSync(file, text);

  const startOnce = async (community: string | undefined): Promise<number> => {
    const ending = new AbortController();
    const config = configSchema.parse({
      nats: { url: server.url },
      log: { level: 'silent' },
      ...(community === undefined ? {} : { community }),
    });
    const from = now();
    const running = await start(config, ending.signal);
    for (;;) {
      const ready: unknown = await (await fetch(`http://${running.addresses['admin']}/readyz`)).json();
      if (typeof ready === 'object' && ready !== null && 'ok' in ready && ready.ok === true) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const took = now() - from;
    ending.abort();
    await running.closed;
    return took;
  };

  try {
    const readFile = await timed(async () => readCommunity(text, file));
    const startImporting = await startOnce(file);
    const startUnchanged = await startOnce(file);
    const startFromBucket = await startOnce(undefined);
    const collect = collector();
    collect();
    const before = process.memoryUsage().heapUsed;
    const entries = communityEntries(readCommunity(text, file), new Map());
    const from = now();
    const large = membershipOf(text);
    const compiling = now() - from;
    collect();
    const heap = (process.memoryUsage().heapUsed - before) / 2 ** 20;
    const figures = verdictCosts(large, membershipOf(communityOf(10)));
    if (entries.members.length !== large.ids.length) throw new Error('members were lost');
    return { members, readFile, startImporting, startUnchanged, startFromBucket, compile: compiling, heap, ...figures };
  } finally {
    await server.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The figures as lines of text. */
export function renderMembership(figures: MembershipFigures): string {
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  return [
    `A membership of ${figures.members} members`,
    `  reading its file              ${ms(figures.readFile)}`,
    `  start, into an empty bucket   ${ms(figures.startImporting)}`,
    `  start, file unchanged         ${ms(figures.startUnchanged)}`,
    `  start, from the bucket alone  ${ms(figures.startFromBucket)}`,
    `  reading and compiling         ${ms(figures.compile)}`,
    `  a verdict                     ${figures.verdict.toFixed(2)} us (in a community of ten: ${figures.verdictOfTen.toFixed(2)} us)`,
    `  a verdict, all in turn        ${figures.verdictSpread.toFixed(2)} us`,
    `  entries and snapshot          ${figures.heap.toFixed(0)} MiB of heap`,
    '',
  ].join('\n');
}
