import { tmpdir } from 'node:os';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeHub, startFakeHub } from '../api/fake-hub.stage.js';
import { type Ran, runIn } from '../api/run-command.stage.js';
import { handshakeRecord, refusedRecord, someRecord } from './traffic.stage.js';

const usual = {
  tailRecords: [
    { records: [someRecord(), refusedRecord(), handshakeRecord()], skipped: 0n },
    { records: [], skipped: 5n },
  ],
};

let hub: FakeHub;
beforeAll(async () => {
  hub = await startFakeHub(usual);
});
afterAll(() => hub.close());

const args = (line: string) => [...line.split(' '), '--metrics', hub.address, '--plain'];
const run = (line: string) => runIn(tmpdir(), args(line));
/** Runs it until the feed has broken off: with what the played hub has, that is at once. */
const untilBroken = (line: string): Promise<Ran> => {
  const ending = new AbortController();
  return runIn(tmpdir(), args(line), {}, ending.signal, undefined, (told) => {
    if (told.includes('asking again')) ending.abort();
  });
};
const asked = () => hub.taken.at(-1)?.request;

describe('guildhall tail', () => {
  it.each<[string, number]>([
    ['There is no member "nosuch". Cure: there are acme, bolt', status.NOT_FOUND],
    ['There is no reason "lop" (did you mean loop?). Cure: guildhall reason list', status.INVALID_ARGUMENT],
  ])('ends at once with %s', async (details, refuse) => {
    hub.answers = { tailRecords: { refuse, details } };
    const { code, talk } = await run('tail --member nosuch');
    hub.answers = usual;
    expect([code, talk]).toEqual([2, `guildhall: ${details.replace(' Cure: ', '\n  cure: ')}`]);
  });

  it('tells what comes, and what was left out', async () => {
    const { code, out, talk } = await untilBroken('tail');
    expect([code, out.split('\n').length, talk]).toEqual([0, 3, expect.stringMatching(/^5 records left out/)]);
    expect(talk).toMatch(/\nguildhall: the hub ended the feed; asking again in 1 s$/);
  });

  it('asks for what the options say', async () => {
    await untilBroken('tail --json --member acme --to bolt --method invite --status 4xx --refused --user ada@a.example --code loop');
    expect(asked()).toMatchObject({
      filter: {
        member: 'acme',
        to: 'bolt',
        method: 'INVITE',
        status: 4,
        refused: true,
        user: 'ada@a.example',
        code: 'loop',
        from: '',
        callId: '',
      },
    });
  });
});
