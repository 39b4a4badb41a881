import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { ExplainResponse } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeHub, startFakeHub } from '../api/fake-hub.stage.js';
import { runIn } from '../api/run-command.stage.js';
import type { Screen } from '../world.js';
import { refusedRecord, someFrame, someStatus, someTally } from './traffic.stage.js';

const mark = { member: 'acme', until: '2027-01-01T00:10:00.000Z', who: 'operator (x)', when: '2027-01-01T00:00:00.000Z', why: 'ticket 7' };
const point = TrafficPoint.fromPartial({ from: 1n, length: 1000n, all: someTally, members: someFrame().members, pairs: someFrame().pairs });
const usual = {
  watchTraffic: [{ frame: someFrame() }, { frame: someFrame({ at: 1_800_000_001_000n, full: false }) }],
  queryTraffic: { points: [point, { ...point, from: 1001n }], resolution: 1000n, keptSince: 0n },
  getStatus: someStatus(),
  getCall: { records: [refusedRecord()], messages: [], more: true },
  explain: ExplainResponse.fromPartial({ steps: [{ subject: 'rule', finding: 'calls refuses' }], sentence: 'So.' }),
  markMember: { mark },
  unmarkMember: { mark },
  listMarks: { marks: [mark] },
};

let folder = '';
let hub: FakeHub;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'guildhall-traffic-'));
  hub = await startFakeHub(usual);
});
beforeEach(() => {
  hub.answers = usual;
});
afterAll(() => {
  hub.close();
  rmSync(folder, { recursive: true, force: true });
});

const words = (line: string) => line.split(' ').map((word) => word.replace('FAKE', hub.address));
const run = (line: string, signal?: AbortSignal, screen?: Screen) => runIn(folder, words(line), {}, signal, screen);
const asked = (method: string) => hub.taken.filter((one) => one.method === method).at(-1)?.request;

describe('a verb about traffic refuses', () => {
  it.each<[string, RegExp]>([
    ['top --view all', /--view all is none of members, pairs, links/],
    ['top --sort age', /--sort age is none of SENT\/S/],
    ['top --over 16m', /--over 16m is no span of time from 1s to 15m/],
    ['top --interval 0s', /--interval 0s is no span/],
    ['top --member Acme', /--member Acme is no member id/],
    ['tail --from *', /--from \* is no member id/],
    ['tail --status 9', /is no SIP status/],
    ['report --since later', /--since later is no time/],
    ['report --since 1h --until 2h', /--until is not behind --since/],
    ['report --by rule', /--by rule is none of member, pair, reason/],
    ['report --format xml', /--format xml is none of table, csv, json/],
    ['trace', /which call\?/],
    [`trace ${'x'.repeat(257)}`, /more than 256 characters/],
    ['trace on --member acme --for 25h', /--for 25h is no span of time from 1m to 24h/],
    ['trace on --for 5m', /required option '--member <id>'/],
    ['status --ca x.crt', /--ca is about a hub elsewhere\n {2}cure: give its address with --metrics/],
    ['status --metrics nowhere', /--metrics nowhere is no address/],
    ['top --metrics 192.0.2.1:1 --plain', /--plain would send everything in the clear/],
  ])('%s', async (line, complaint) => {
    const { code, out, talk } = await run(line);
    expect([code, out, talk]).toEqual([2, '', expect.stringMatching(complaint)]);
    expect(talk).toMatch(/\n {2}cure: \S/);
  });

  it('two formats at once', async () => {
    const { code, talk } = await run('report --format csv --json');
    expect([code, talk]).toEqual([2, expect.stringContaining('--json and --format csv are two formats')]);
  });

  it('where no hub runs or can be reached, all with the same exit code', async () => {
    for (const verb of ['top', 'tail', 'report', 'trace x', 'trace list']) expect([verb, (await run(verb)).code]).toEqual([verb, 3]);
    expect(await run('status --json')).toMatchObject({ code: 3, out: expect.stringContaining('"code":"no-hub"') });
    for (const verb of ['status', 'top --once', 'tail', 'report']) {
      expect([verb, (await run(`${verb} --metrics 127.0.0.1:1 --plain`)).code]).toEqual([verb, 3]);
    }
  });

  it('what the hub refuses, with its words', async () => {
    hub.answers = { watchTraffic: { refuse: status.PERMISSION_DENIED, details: 'Not for you. Cure: ask for the scope dashboard' } };
    for (const line of ['top --metrics FAKE --plain --json', 'top --metrics FAKE --plain --once']) {
      const { code, talk } = await run(line);
      expect([code, talk]).toEqual([1, expect.stringMatching(/Not for you\.\n {2}cure: ask for the scope dashboard|another version/)]);
    }
  });
});

describe('guildhall top', () => {
  it('without a terminal tells the figures of the last minute', async () => {
    const { code, out } = await run('top --metrics FAKE --plain --member acme');
    expect([code, out.split('\n')[0]]).toEqual([0, '2027-01-15 08:00:00Z   3 members   over 60 s']);
    expect(asked('queryTraffic')).toMatchObject({ from: BigInt(Date.parse('2026-12-31T23:59:00Z')), resolution: 1000n, members: ['acme'] });
  });

  it('--once --json tells sums as they are, with what is and what it leaves out', async () => {
    const { out } = await run('top --once --json --over 5m --metrics FAKE --plain');
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      seconds: 300,
      sampled: 1,
      dropped: 0,
      all: { requests: 16, refused: 4 },
      members: [{ member: 'acme', sent: { requests: 16 }, inFlight: 3 }, { member: 'bolt' }, { member: 'cade', sent: { requests: 0 } }],
      pairs: [{ from: 'acme', to: 'bolt', tally: { requests: 16 } }],
      links: [{ member: 'acme' }, { member: 'bolt' }],
    });
  });

  it('--json tells a line a second until it is ended, and asks again when the feed ends', async () => {
    const ending = new AbortController();
    const feeds = () => hub.taken.filter(({ method }) => method === 'watchTraffic').length;
    const before = feeds();
    const running = run('top --json --metrics FAKE --plain', ending.signal);
    await expect.poll(() => feeds() - before).toBeGreaterThan(1);
    ending.abort();
    const { code, out, talk } = await running;
    expect(JSON.parse(out.split('\n')[0] ?? '').links.length).toBe(2);
    expect([code, talk]).toEqual([0, expect.stringContaining('the hub ended the feed; asking again in 1 s')]);
    expect(
      out
        .split('\n')
        .map((line) => JSON.parse(line).all.requests)
        .slice(0, 2),
    ).toEqual([8, 16]);
  });

  describe('at a terminal', () => {
    let keys: (text: string) => void = () => {};
    let size = { columns: 100, rows: 20 };
    let drawn: string[][] = [];
    let closed = 0;
    let resized = () => {};
    const screen: Screen = {
      columns: () => size.columns,
      rows: () => size.rows,
      take(heard) {
        keys = heard.key;
        resized = heard.resized;
        return { draw: (lines) => drawn.push([...lines]), close: () => (closed += 1) };
      },
    };
    beforeEach(() => {
      drawn = [];
      closed = 0;
    });
    const last = () => drawn.at(-1)?.join('\n') ?? '';

    it('draws, hears keys and the new size, and gives the terminal back', async () => {
      const running = run('top --metrics FAKE --plain', undefined, screen);
      await expect.poll(last).toMatch(/^acme /m);
      keys('p');
      expect(last()).toMatch(/^FROM /m);
      keys('fzz\r');
      expect(last()).toMatch(/none of 1 has "zz"/);
      size = { columns: 40, rows: 6 };
      resized();
      expect(drawn.at(-1)?.length).toBeLessThanOrEqual(6);
      keys('\u001bm q');
      expect([(await running).code, closed]).toEqual([0, 1]);
    });

    it('shows links when they are asked for', async () => {
      size = { columns: 100, rows: 20 };
      const running = run('top --view links --metrics FAKE --plain', undefined, screen);
      await expect.poll(last).toMatch(/connection refused/);
      keys('\u0003');
      expect((await running).code).toBe(0);
    });

    it('gives the terminal back when it is ended from outside, and when the hub refuses', async () => {
      const ending = new AbortController();
      const running = run('top --metrics FAKE --plain', ending.signal, screen);
      await expect.poll(() => drawn.length).toBeGreaterThan(1);
      ending.abort();
      expect([(await running).code, closed]).toEqual([0, 1]);
      hub.answers = {};
      expect([(await run('top --metrics FAKE --plain', undefined, screen)).code, closed]).toEqual([1, 2]);
    });
  });
});

describe('guildhall report', () => {
  it('is a table, CSV or JSON of the same figures', async () => {
    const table = await run('report --since 5m --metrics FAKE --plain');
    expect(table.out).toMatch(/^2026-12-31 23:55 to 2027-01-01 00:00 UTC: \d+ requests, 37\.5 % failed/);
    const csv = (await run('report --since 5m --by pair --format csv --metrics FAKE --plain')).out.split('\n');
    const { rows, all } = JSON.parse((await run('report --since 5m --by pair --json --metrics FAKE --plain')).out);
    expect(csv[0]).toMatch(/^from,to,requests,ok,redirected,client_errors,.*,p50_ms,p99_ms$/);
    // JSON is spelled one way.
    expect(Object.keys(rows[0])).toEqual(['from', 'to', ...Object.keys(all).filter((key) => key !== 'bucket' && key !== 'count')]);
    expect(csv[1]?.split(',').map(String)).toEqual(Object.values(rows[0]).map(String));
    expect(rows[0].requests).toBe(all.requests);
  });

  it('says where it begins later than it was asked to, and what it leaves out', async () => {
    hub.answers = {
      queryTraffic: {
        points: [{ ...point, dropped: 2n, sampled: 4 }],
        resolution: 1000n,
        keptSince: BigInt(Date.parse('2026-12-31T23:59:00Z')),
      },
    };
    const { talk } = await run('report --since 5m --metrics FAKE --plain');
    expect(talk).toMatch(/older than 2026-12-31 23:59:00\.000Z nothing is kept/);
    expect(talk).toMatch(/one record of 4 was looked at.*\d+ records dropped/);
  });
});

describe('guildhall status', () => {
  it.each([
    ['well', 0],
    ['impaired', 1],
    ['down', 3],
    ['of a newer hub', 1],
  ])('%s ends with %d', async (verdict, code) => {
    hub.answers = { getStatus: someStatus({ verdict }) };
    expect(await run('status --metrics FAKE --plain')).toMatchObject({ code, out: expect.stringMatching(new RegExp(`^${verdict} `)) });
    const json = await run('status --json --metrics FAKE --plain');
    expect([json.code, JSON.parse(json.out)]).toEqual([code, expect.objectContaining({ ok: code === 0, verdict })]);
  });
});

describe('guildhall trace', () => {
  afterEach(() => {
    hub.answers = usual;
  });

  it('draws the ladder, with the path of the decision where it may ask for it', async () => {
    const { code, out, talk } = await run('trace call-1@acme.example --metrics FAKE --hub FAKE --plain');
    expect([code, out]).toEqual([0, expect.stringMatching(/^2027-01-15 .*INVITE[\s\S]*calls refuses\n {2}So\.$/)]);
    expect(talk).toContain('there is more of this call');
    expect(asked('explain')).toMatchObject({ from: 'acme', to: 'bolt.example', method: 'INVITE' });
    const alone = await run('trace call-1@acme.example --metrics FAKE --plain');
    expect(alone.out).not.toContain('The decision');
  });

  it('without the path when that is refused, and says so', async () => {
    hub.answers = { ...usual, explain: { refuse: status.PERMISSION_DENIED, details: 'no' } };
    const { code, talk } = await run('trace x --metrics FAKE --hub FAKE --plain');
    expect([code, talk]).toEqual([0, expect.stringContaining('the decision path is left out: no')]);
  });

  it('says so when nothing is known of the call', async () => {
    for (const getCall of [
      { records: [], messages: [], more: false },
      { refuse: status.NOT_FOUND, details: 'No.' },
    ]) {
      hub.answers = { getCall };
      expect(await run('trace x --since 7d --metrics FAKE --plain')).toMatchObject({
        code: 1,
        talk: expect.stringMatching(/nothing is recorded of the Call-ID x\n {2}cure/),
      });
    }
    expect(asked('getCall')).toEqual({ callId: 'x', since: BigInt(Date.parse('2026-12-25T00:00:00Z')) });
  });

  it('marks a member, tells until when, and takes it back', async () => {
    expect((await run('trace on --member acme --for 5m --why x --hub FAKE --plain')).out).toBe(
      'heads of messages of acme are kept until 2027-01-01 00:10:00Z, their bodies are not',
    );
    expect(asked('markMember')).toEqual({ member: 'acme', forMs: 300_000n, why: 'x' });
    expect(JSON.parse((await run('trace list --json --hub FAKE --plain')).out)).toMatchObject({ ok: true, marks: [{ member: 'acme' }] });
    expect((await run('trace list --hub FAKE --plain')).out).toMatch(/^MEMBER .*\nacme /);
    expect(await run('trace off --member acme --hub FAKE --plain')).toMatchObject({
      code: 0,
      out: expect.stringContaining('kept no longer'),
    });
  });
});

describe('help', () => {
  it.each(['top', 'tail', 'report', 'status', 'trace', 'trace on', 'trace off', 'trace list'])(
    'of %s has examples and the exit codes',
    async (verb) => {
      const { code, out } = await run(`${verb} --help`);
      expect([code, out]).toEqual([0, expect.stringMatching(new RegExp(`Usage: guildhall ${verb}[\\s\\S]*Examples?:\\n  guildhall `))]);
      expect(out).toMatch(/\nExit codes: 0 good/);
      expect(out).toMatch(/--json [\s\S]*--token-file/);
    },
  );
});
