import { type ChainHead, startAuditCheck } from '@guildhall/chassis/audit-chain';
import { Fault } from '@guildhall/chassis/fault';
import { AuditEntry } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import type { Command } from 'commander';
import { type ApiOptions, withApiOptions } from '../api/api-options.js';
import { wholeNumber } from '../api/change-report.js';
import { jsonLine } from '../api/plain-json.js';
import { withHub } from '../api/with-hub.js';
import { shownInstant } from '../instant-text.js';
import { type Column, tableLines } from '../table.js';
import { styled, terminalText, type World } from '../world.js';

interface ListOptions extends ApiOptions {
  readonly from?: string;
  readonly limit?: string;
}

interface VerifyOptions extends ApiOptions {
  readonly noted?: string;
}

const columns: readonly Column<AuditEntry>[] = [
  { title: '#', text: ({ place }) => String(place) },
  { title: 'WHEN', text: ({ when }) => shownInstant(when) },
  { title: 'WHO', text: ({ who }) => who },
  { title: 'FROM', text: ({ source }) => source },
  { title: 'WHAT', text: ({ method }) => method.replace(/^\w+Service\//, '') },
  { title: 'SUBJECT', text: ({ subject }) => subject },
  {
    title: 'OUTCOME',
    text: ({ outcome }) => outcome,
    style: ({ outcome }) => (outcome === 'done' ? 'green' : outcome === 'begun' ? 'dim' : 'red'),
  },
  { title: 'WHY', text: ({ why, detail }) => [why, detail].filter((text) => text !== '').join(': ') },
];

/** Entries in one table; longer logs are told in several. */
const tableRows = 500;

async function list(options: ListOptions, world: World): Promise<number> {
  const { terminal } = world;
  const request = {
    from: options.from === undefined ? 0n : wholeNumber(options.from, '--from'),
    limit: options.limit === undefined ? 0 : Number(wholeNumber(options.limit, '--limit')),
  };
  await withHub(options, world, async (api) => {
    let rows: AuditEntry[] = [];
    let any = false;
    const flush = () => {
      if (rows.length > 0 || !any) for (const line of tableLines(columns, rows, 'nothing was audited yet', terminal)) terminal.out(line);
      any = true;
      rows = [];
    };
    for await (const { entry, hash } of api.access.listAudit(request)) {
      if (entry === undefined) continue;
      if (options.json) terminal.out(jsonLine({ entry, hash }));
      else if (rows.push(entry) >= tableRows) flush();
    }
    if (!options.json) flush();
  });
  return 0;
}

function notedHead(text: string): ChainHead {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text);
  if (match !== null) return { place: Number(match[1]), hash: Buffer.from(match[2] ?? '', 'hex') };
  throw new Fault('usage', `--noted ${terminalText(text, 100)} is no place and hash`, {
    cure: 'write PLACE:HASH as an earlier guildhall audit verify told it',
    exitCode: 2,
  });
}

/** What an entry that began something says of it. */
function begunText({ place, method, subject, who, when, why }: AuditEntry): string {
  const what = `${place} ${method.replace(/^\w+Service\//, '')} ${subject} by ${who} at ${shownInstant(when)}`;
  return terminalText(why === '' ? what : `${what}: ${why}`, 300);
}

/** Entries told one by one of those that began something of which no end is known. */
const mostUnended = 20;

async function verify(options: VerifyOptions, world: World): Promise<number> {
  const { terminal } = world;
  const check = startAuditCheck(options.noted === undefined ? {} : { expected: notedHead(options.noted) });
  const unended = new Map<bigint, AuditEntry>();
  await withHub(options, world, async (api) => {
    for await (const { encoded, hash } of api.access.listAudit({ from: 0n, limit: 0 })) {
      if (!check.add({ encoded, hash })) break;
      const entry = AuditEntry.decode(encoded);
      if (entry.outcome === 'begun') unended.set(entry.place, entry);
      else unended.delete(entry.begun);
    }
  });
  const verdict = check.verdict();
  if (verdict.sound) {
    const head = `${verdict.head.place}:${Buffer.from(verdict.head.hash).toString('hex')}`;
    if (options.json) terminal.out(jsonLine({ entries: verdict.entries, head, unended: [...unended.keys()].map(String) }));
    else {
      terminal.out(
        `${styled('good', 'green', terminal.colorOut)} ${verdict.entries === 1 ? '1 entry' : `${verdict.entries} entries`}, each carries the hash of the one before`,
      );
      if (verdict.entries === 0) return 0;
      terminal.out(`head ${head}`);
      for (const entry of [...unended.values()].slice(0, mostUnended)) terminal.out(`without an end: ${begunText(entry)}`);
      if (unended.size > 0) {
        terminal.talk(
          `${unended.size} under way, or broken off by a policy that died: guildhall membership history shows what was written; repeating a change completes it.`,
        );
      }
      terminal.talk('Note the head elsewhere: --noted HEAD then also tells whether the end was cut off or all was written anew.');
    }
    return 0;
  }
  const { entries, place, problem } = verdict;
  if (options.json) terminal.out(jsonLine({ entries, place, problem }, false));
  else terminal.out(`${styled('broken', 'red', terminal.colorOut)} at place ${place}: ${problem}; the ${entries} before it are sound`);
  return 4;
}

/** Adds the noun `audit` to the command line. */
export function addAuditVerbs(program: Command, world: World, ends: (code: number) => void): void {
  const audit = program
    .command('audit')
    .summary('who did what through the API')
    .description('Who changed what through the API, and who was refused: a log whose entries are chained by hashes.');
  const listing = audit
    .command('list')
    .summary('the log, oldest first')
    .description('Lists the log, oldest first. With --json one object a line.')
    .option('--from <place>', 'from this place on')
    .option('--limit <n>', 'at most so many');
  withApiOptions(listing)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall audit list\n  guildhall audit list --from 120 --limit 20\n  guildhall audit list --json | jq -c .entry',
    )
    .action(async (options: ListOptions) => ends(await list(options, world)));
  const verifying = audit
    .command('verify')
    .summary('was it tampered with?')
    .description('Checks the chain of hashes from the first entry to the last.')
    .option('--noted <place:hash>', 'a head noted earlier, which the chain must hold');
  withApiOptions(verifying)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall audit verify\n  guildhall audit verify --noted 41:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n\nExit code 4 when it was.',
    )
    .action(async (options: VerifyOptions) => ends(await verify(options, world)));
}
