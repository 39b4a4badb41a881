import type { HubServices, HubSettings } from '../stage/hub.js';
import { type Ground, playFault } from './fault-run.js';
import { othersP99 } from './member-trouble.js';
import { type Attempt, changesAgain, tryChange } from './membership-change.js';
import { moment, pause } from './moment.js';
import type { Row, RowResult, Stage } from './row.js';
import { openSmallDisk, type SmallDisk, whyNoSmallDisk } from './small-disk.js';

/** What happens to the disks under JetStream, and what puts them right. */
export interface DiskTrouble {
  readonly name: string;
  readonly about: string;
  begin(disk: SmallDisk): void;
  /** Whether the disk can be put right under a nats-server that runs. */
  readonly mendsAlive: boolean;
  mend(disk: SmallDisk): void;
}

const diskMib = 64;
const servers = [1, 2, 3] as const;
const lastsMs = 12_000;
/** An operator reads within this that nothing can be changed. */
const answerMs = 10_000;
const againMs = 15_000;
const afterRestartMs = 60_000;
const recordsMs = 60_000;

/** The least memory for records that there is, so that it is full within seconds, and streams that small disks have room for. */
const settings: HubSettings = {
  ingress: { records: { bufferBytes: '256KiB' } },
  policy: { records: { maxBytes: '16MiB', keptBytes: '4MiB', trafficBytes: '4MiB' } },
};

/** The row of a trouble of the disks of all nats-servers at once. */
export function diskRow(trouble: DiskTrouble): Row {
  return {
    name: trouble.name,
    about: `${trouble.about}, under all three nats-servers at once`,
    promise:
      'routing goes on untouched; a change of the membership is refused with a clear error within 10 s; policy says so and stays ready; records beyond what memory holds are dropped and counted; when the disks are well, the others are stored and changes go again (the row says what that needs)',
    async run(stage) {
      const obstacle = whyNoSmallDisk();
      if (obstacle !== undefined) return { verdict: 'skipped', broken: [`there are no small disks: ${obstacle}`], notes: [] };
      const disks = servers.map(() => openSmallDisk(diskMib));
      try {
        return await playTrouble(stage, trouble, disks);
      } finally {
        for (const disk of disks) disk.close();
      }
    },
  };
}

function playTrouble(stage: Stage, trouble: DiskTrouble, disks: readonly SmallDisk[]): Promise<RowResult> {
  const broken: string[] = [];
  return playFault(stage, {
    topology: { store: (number) => disks[number - 1]?.folder ?? '', settings },
    async prepare({ hub }) {
      const { refused } = await tryChange(hub, 'gale');
      if (refused !== '') throw new Error(`a change before the fault was refused: ${refused}`);
    },
    async strike(ground) {
      for (const disk of disks) trouble.begin(disk);
      ground.struck();
      ground.note(`three ext4 disks of ${diskMib} MiB`);
      broken.push(...(await refusedInTime(ground)));
      broken.push(...(await readyAndSaysSo(ground)));
      await pause(Math.max(0, ground.faultAt() + lastsMs - moment()));
      broken.push(...(await recordsAreDropped(ground)));
    },
    demands: { refusals: [], othersP99, real: 1 },
    async inspect(ground) {
      const before = await readRecords(ground.hub);
      return [...broken, ...(await recovered(ground, trouble, disks)), ...(await recordsAreStored(ground, before.stored))];
    },
  });
}

/** Asks for changes, of one policy after the other, until one is refused: what was written before may still fit. */
async function refusedInTime({ hub, faultAt, note }: Ground): Promise<readonly string[]> {
  let attempt: Attempt = { refused: '', took: 0 };
  let made = 0;
  for (let number = 0; attempt.refused === '' && moment() - faultAt() < 2 * lastsMs; number += 1) {
    attempt = await tryChange(hub, `full-${number}`, number % hub.policies.length);
    if (attempt.refused === '') made += 1;
  }
  if (attempt.refused === '') return [`${made} changes were made in ${(2 * lastsMs) / 1000} s: the trouble had no effect`];
  const also = made === 0 ? '' : ` (${made} changes were made before: they fit into what was there)`;
  note(`a change is refused after ${(attempt.took / 1000).toFixed(1)} s${also}: ${attempt.refused}`);
  return [
    ...(attempt.took > answerMs ? [`a change was refused after ${(attempt.took / 1000).toFixed(1)} s only, 10 s is the bound`] : []),
    ...(/JetStream|disk|NATS/.test(attempt.refused) ? [] : [`the refusal does not say what is wrong: ${attempt.refused}`]),
  ];
}

/** Every policy is ready, as it answers from memory, and says that nothing can be changed. */
async function readyAndSaysSo({ hub }: Ground): Promise<readonly string[]> {
  const said = await Promise.all(
    hub.policies.map(async ({ id, addresses }) => {
      const answer = await fetch(`http://${addresses['admin']}/readyz`);
      return { id, ok: answer.ok, text: await answer.text() };
    }),
  );
  return [
    ...said.filter(({ ok }) => !ok).map(({ id, text }) => `${id} was not ready: ${text.trim()}`),
    ...(said.some(({ text }) => text.includes('nothing can be changed')) ? [] : ['no policy said in /readyz that nothing can be changed']),
  ];
}

/** Puts the disks right and sees what it takes until changes go again: nothing, or a restart of the nats-servers. */
async function recovered(ground: Ground, trouble: DiskTrouble, disks: readonly SmallDisk[]): Promise<readonly string[]> {
  const { hub, nats, note } = ground;
  if (trouble.mendsAlive) {
    for (const disk of disks) trouble.mend(disk);
    const { refused, took } = await changesAgain(hub, 'room', againMs);
    if (refused === '') {
      note(`changes go again ${(took / 1000).toFixed(1)} s after the disks have room: nothing was restarted`);
      return unready(hub);
    }
  }
  for (const server of nats.servers) {
    await server.kill();
    const disk = disks[server.number - 1];
    if (!trouble.mendsAlive && disk !== undefined) trouble.mend(disk);
    await server.revive();
  }
  const { refused, took } = await changesAgain(hub, 'again', afterRestartMs);
  if (refused !== '')
    return [`${(took / 1000).toFixed(0)} s after the nats-servers were restarted on good disks a change is refused: ${refused}`];
  note(
    `it needs the nats-servers restarted${trouble.mendsAlive ? ': room on the disks alone did not do within 15 s' : ''}; then changes go after ${(took / 1000).toFixed(1)} s`,
  );
  return unready(hub);
}

/** What became of the routing records that the ingresses made. */
interface Records {
  readonly made: number;
  readonly stored: number;
  readonly dropped: number;
}

async function readRecords(hub: HubServices): Promise<Records> {
  const count = (result: string) => hub.counted('ingress', 'guildhall_records_total', { result });
  return { made: await count('made'), stored: await count('stored'), dropped: await count('dropped') };
}

async function recordsAreDropped({ hub, note }: Ground): Promise<readonly string[]> {
  const { made, stored, dropped } = await readRecords(hub);
  note(`${dropped} of ${made} records were dropped in the trouble, ${made - stored - dropped} wait in memory`);
  return dropped > 0 ? [] : ['no record was dropped, or none was counted: the trouble had no effect on records'];
}

/** Traffic is over: every record is stored or counted as dropped, and some that waited were stored. */
async function recordsAreStored({ hub, note }: Ground, storedBefore: number): Promise<readonly string[]> {
  const deadline = moment() + recordsMs;
  let records = await readRecords(hub);
  while (records.made > records.stored + records.dropped && moment() < deadline) {
    await pause(250);
    records = await readRecords(hub);
  }
  const { made, stored, dropped } = records;
  note(`at the end ${made} records were made, ${stored} stored, ${dropped} dropped`);
  return [
    ...(made > stored + dropped ? [`${made - stored - dropped} records are neither stored nor dropped ${recordsMs / 1000} s later`] : []),
    ...(stored > storedBefore ? [] : ['no record was stored when the disks were well again']),
  ];
}

async function unready({ ingresses, relays, policies }: HubServices): Promise<readonly string[]> {
  const reasons: string[] = [];
  for (const { id, addresses } of [...ingresses, ...relays, ...policies]) {
    const answer = await fetch(`http://${addresses['admin']}/readyz`);
    const text = (await answer.text()).trim();
    if (!answer.ok) reasons.push(`${id} is not ready at the end: ${text}`);
  }
  return reasons;
}
