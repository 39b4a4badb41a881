import { followReports } from '@guildhall/chassis/follow-reports';
import type { InstanceReport } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Member } from '../stage/member.js';
import { freePort } from '../stage/port.js';
import { request } from '../stage/speech.js';
import { startBolt } from './relay-member.js';
import { doorTo, type Neighbours, startRelay } from './relay-neighbours.js';

let relay: Neighbours;
let bolt: Member;
let reports: InstanceReport[];
let stop: () => void;

function say(transaction: number, member = 'bolt', again = false): void {
  const { text } = request({ method: 'MESSAGE', uri: 'sip:bob@bolt.example', from: '<sip:a@acme.example>', callId: `c${transaction}` });
  relay.forward(text, { transaction, member, again });
}

/** What the relay says next of a member's links, where it has to do with it. */
const linksOf = (member: string) => reports.at(-1)?.members.find((one) => one.member === member)?.links;

beforeEach(async () => {
  relay = await startRelay({ timeouts: { attempt: 200, backoffFirst: 3000, backoffMost: 3000 } });
  reports = [];
  stop = followReports(
    relay.bus,
    (report) => reports.push(report),
    () => {
      throw new Error('a report that is not believed');
    },
  );
  bolt = await startBolt(relay);
});
afterEach(async () => {
  stop();
  await bolt.close();
  await relay.close();
});

describe('an outcome', () => {
  it('says by which proxy it came, and how long the request waited and the answer took', async () => {
    say(1);
    const heard = await bolt.hear('MESSAGE');
    bolt.answer(heard, 180);
    bolt.answer(heard, 200);
    const first = await relay.outcome(1);
    expect(first).toMatchObject({ status: 200, link: `127.0.0.1:${bolt.port}`, tries: 1 });
    // A dial with its handshake, and an answer over loopback.
    expect([first.waited > 0, first.took > 0]).toEqual([true, true]);
    say(1, 'bolt', true);
    const { link, waited, took, tries } = first;
    expect(await relay.outcome(1)).toMatchObject({ status: 200, link, waited, took, tries });
  });

  it('counts every writing, and names the proxy that was written to last', async () => {
    say(1);
    bolt.answer(await bolt.hear('MESSAGE'), 200);
    await relay.outcome(1);
    say(2);
    await bolt.hear('MESSAGE');
    await bolt.cutAccepted();
    bolt.answer(await bolt.hear('MESSAGE'), 200);
    expect(await relay.outcome(2)).toMatchObject({ link: `127.0.0.1:${bolt.port}`, tries: 2 });
    const second = await startBolt(relay, 'second');
    relay.door(doorTo(relay.authority, { port: bolt.port, priority: 1 }, { port: second.port, priority: 2 }));
    say(3, 'bolt-two');
    await bolt.hear('MESSAGE');
    second.answer(await second.hear('MESSAGE'), 503);
    expect(await relay.outcome(3)).toMatchObject({ code: 'member-overloaded', link: `127.0.0.1:${second.port}`, tries: 2 });
    await second.close();
  });

  it('of what came late names the proxy that answered after all', async () => {
    const second = await startBolt(relay, 'second');
    relay.door(doorTo(relay.authority, { port: bolt.port, priority: 1 }, { port: second.port, priority: 2 }));
    say(1, 'bolt-late');
    const late = await bolt.hear('MESSAGE');
    await second.hear('MESSAGE');
    bolt.answer(late, 202);
    expect(await relay.outcome(1)).toMatchObject({ status: 202, link: `127.0.0.1:${bolt.port}`, tries: 2 });
    await second.close();
  });

  it('of what was never written has only waited', async () => {
    const port = await freePort();
    relay.door(doorTo(relay.authority, { port }));
    say(1, 'bolt-away');
    const gone = await relay.outcome(1);
    expect(gone).toMatchObject({ kind: 'gone', link: `127.0.0.1:${port}`, tries: 0, took: 0 });
    expect(gone.waited).toBeGreaterThan(0);
    relay.door({ open: false });
    say(2, 'bolt-shut');
    expect(await relay.outcome(2)).toMatchObject({ kind: 'gone', link: '', tries: 0, took: 0 });
  });

  it('over a connection that a member opened names the ingress that holds it', async () => {
    relay.door({ proxies: [], anchors: [] });
    relay.present(['edge']);
    say(1, 'edge');
    relay.arrived('edge', (await relay.departed()).text.replace(/^[^\r]*/, 'SIP/2.0 200 OK'));
    expect(await relay.outcome(1)).toMatchObject({ status: 200, link: 'ingress ingress-1', tries: 1 });
  });
});

describe('the report of a relay', () => {
  it('names the links of members it has to do with, and why one is down', async () => {
    await expect.poll(() => reports.at(-1)).toMatchObject({ service: 'relay', id: 'relay-1', ready: true, members: [], lastPart: true });
    say(1);
    bolt.answer(await bolt.hear('MESSAGE'), 200);
    await relay.outcome(1);
    const address = `127.0.0.1:${bolt.port}`;
    await expect.poll(() => linksOf('bolt')).toMatchObject([{ address, state: 'up', why: '' }]);
    expect(linksOf('bolt')?.[0]?.certificateEnds).toBeGreaterThan(BigInt(Date.now()));
    const port = await freePort();
    relay.door(doorTo(relay.authority, { port }));
    say(2, 'away');
    await relay.outcome(2);
    const down = [{ address: `127.0.0.1:${port}`, state: 'backoff', why: 'ECONNREFUSED', certificateEnds: 0n }];
    await expect.poll(() => linksOf('away')).toEqual(down);
  });

  it('counts how many transactions each incarnation of an ingress was told the end of, repetitions not', async () => {
    for (const transaction of [1, 2]) {
      say(transaction);
      bolt.answer(await bolt.hear('MESSAGE'), 200);
      await relay.outcome(transaction);
    }
    say(2, 'bolt', true);
    await relay.outcome(2);
    relay.forward('no SIP', { transaction: 3 });
    await relay.outcome(3);
    await expect.poll(() => reports.at(-1)?.told).toEqual([{ ingress: 'ingress-1', epoch: 'e1', finals: 3n }]);
  });

  it('is said a last time when it ends: what it told until then is in it', async () => {
    say(1);
    const heard = await bolt.hear('MESSAGE');
    bolt.answer(heard, 200);
    await relay.outcome(1);
    await relay.relay.stop();
    await expect.poll(() => reports.at(-1)).toMatchObject({ ready: false, reasons: ['draining'], members: [] });
    expect(reports.at(-1)?.told).toEqual([{ ingress: 'ingress-1', epoch: 'e1', finals: 1n }]);
  });
});
