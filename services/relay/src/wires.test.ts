import { createLogger } from '@guildhall/chassis/log';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { ownerOf } from '@guildhall/chassis/rendezvous';
import type { Job } from '@guildhall/chassis/turn';
import { WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { parseMessage } from '@guildhall/proto/sip/message';
import { subjects } from '@guildhall/proto/subjects';
import { describe, expect, it } from 'vitest';
import { createEvents } from './events.js';
import type { Link } from './member.js';
import { createWires } from './wires.js';

const request = [
  'MESSAGE sip:a@acme.example SIP/2.0',
  'Via: SIP/2.0/TLS sip.bolt.example;branch=z9hG4bK1',
  'From: <sip:b@bolt.example>;tag=1',
  'To: <sip:a@acme.example>',
  'Call-ID: c1',
  'CSeq: 1 MESSAGE',
  'Content-Length: 0',
  '',
  '',
].join('\r\n');

/** A link that falls to ingress-2 where there are two. */
function othersLink(): Link & { written: string[] } {
  const id = ['l1', 'l2', 'l3', 'l4', 'l5', 'l6'].find((one) => ownerOf(one, ['ingress-1', 'ingress-2']) === 'ingress-2') ?? '';
  const written: string[] = [];
  return {
    id,
    member: 'bolt',
    address: 'sip.bolt.example:5061',
    written,
    isUp: () => true,
    standing: () => ({ state: 'up', why: '', certificateEnds: 0 }),
    hasRoom: () => true,
    write: (text) => void written.push(text),
  };
}

function setting(...ids: string[]) {
  const bus = memoryBus();
  const events = createEvents(createLogger('relay', 'test', { level: 'silent', pretty: false }), () => 0);
  const link = othersLink();
  let jobs: Job[] = [];
  const turn = { later: (job: Job) => void (jobs.includes(job) || jobs.push(job)) };
  const state = { now: 0 };
  const wires = createWires(
    bus,
    turn,
    { id: 'relay-1', epoch: 'e' },
    () => ids,
    (id) => (id === link.id ? link : undefined),
    defaultLimits,
    () => state.now,
    events,
  );
  const came: string[] = [];
  const hear = (id: string) =>
    bus.subscribe(subjects.arrived('ingress', id), (payload) => {
      const batch = WireBatch.decode(payload);
      came.push(`${id} ${batch.wires} ${batch.members} ${batch.sources}: ${Buffer.from(batch.wire).toString('latin1')}`);
    });
  /** Ends turns until nothing more is to be done. */
  const settle = async () => {
    while (jobs.length > 0) {
      const due = jobs;
      jobs = [];
      for (const job of due) job.run();
      await Promise.resolve();
    }
  };
  const ask = (text = request) => wires.request(parseMessage(Buffer.from(text, 'latin1'), defaultLimits), link, link.address);
  return { bus, link, came, hear, settle, ask, state };
}

describe('a request that came in on a link', () => {
  it('goes to another ingress when nobody hears it where its link belongs', async () => {
    const { came, hear, settle, ask, link } = setting('ingress-1', 'ingress-2');
    hear('ingress-1');
    ask();
    await settle();
    expect(came).toEqual([`ingress-1 ${link.id} bolt sip.bolt.example:5061: ${request}`]);
    expect(link.written).toEqual([]);
  });

  it('is refused when nobody hears it anywhere, unless it has no answer', async () => {
    const { settle, ask, link } = setting('ingress-1', 'ingress-2');
    ask();
    ask(request.replaceAll('MESSAGE', 'ACK'));
    await settle();
    expect(link.written.map((text) => text.slice(0, 11))).toEqual(['SIP/2.0 503']);
  });

  it('is refused when there is but one ingress, and that does not hear', async () => {
    const { settle, ask, link } = setting('ingress-2');
    ask();
    await settle();
    expect(link.written.map((text) => text.slice(0, 11))).toEqual(['SIP/2.0 503']);
  });

  it('stays with the ingress that heard it', async () => {
    const { came, hear, settle, ask, link } = setting('ingress-1', 'ingress-2');
    hear('ingress-1');
    hear('ingress-2');
    ask();
    await settle();
    ask();
    await settle();
    expect(came.map((text) => text.slice(0, 9))).toEqual(['ingress-2', 'ingress-2']);
    expect(link.written).toEqual([]);
  });
});
