import { createLogger } from '@guildhall/chassis/log';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { ownerOf } from '@guildhall/chassis/rendezvous';
import type { Job } from '@guildhall/chassis/turn';
import { WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { parseMessage } from '@guildhall/proto/sip/message';
import { writeResponse } from '@guildhall/proto/sip/response';
import { subjects } from '@guildhall/proto/subjects';
import { createEvents } from './events.js';
import type { Link } from './member.js';
import { createWires } from './wires.js';

/** What a far end asks on a link. */
export const request = [
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
function othersLink(member: string, ids: readonly string[]): Link & { written: string[] } {
  const id = ids.find((one) => ownerOf(one, ['ingress-1', 'ingress-2']) === 'ingress-2') ?? '';
  const written: string[] = [];
  return {
    id,
    member,
    address: 'sip.bolt.example:5061',
    written,
    isUp: () => true,
    standing: () => ({ state: 'up', why: '', certificateEnds: 0 }),
    hasRoom: () => true,
    write: (text, source, start, end) => void written.push(text + source.toString('latin1', start, end)),
  };
}

/** The wires of a relay that knows these ingresses, with one link that is up, and what is played around them. */
export function wiresStage(...ids: string[]) {
  const bus = memoryBus();
  const events = createEvents(createLogger('relay', 'test', { level: 'silent', pretty: false }), () => 0);
  const link = othersLink('bolt', ['l1', 'l2', 'l3', 'l4', 'l5', 'l6']);
  /** Another member's. */
  const others = othersLink('acme', ['m1', 'm2', 'm3', 'm4', 'm5', 'm6']);
  let jobs: Job[] = [];
  const turn = { later: (job: Job) => void (jobs.includes(job) || jobs.push(job)) };
  const state = { now: 1_000, epochs: new Map(ids.map((id) => [id, 'e1'])), returns: new Map<string, number>() };
  const wires = createWires({
    bus,
    turn,
    self: { id: 'relay-1', epoch: 'e' },
    ingresses: () => ids.filter((id) => state.epochs.has(id)),
    instanceOf(id) {
      const epoch = state.epochs.get(id);
      return epoch === undefined ? undefined : { epoch, returns: state.returns.get(id) ?? 0 };
    },
    linkOf: (id) => [link, others].find((one) => one.id === id),
    limits: defaultLimits,
    room: { count: 5, bytes: 20_000 },
    clock: () => state.now,
    events,
  });
  const came: string[] = [];
  const hear = (id: string) =>
    bus.subscribe(subjects.arrived('ingress', id), (payload) => {
      const batch = WireBatch.decode(payload);
      came.push(
        `${batch.again === true ? 'again ' : ''}${id} ${batch.wires} ${batch.members} ${batch.sources}: ${Buffer.from(batch.wire).toString('latin1')}`,
      );
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
  const ask = (text = request, on: Link = link) => wires.request(parseMessage(Buffer.from(text, 'latin1'), defaultLimits), on, on.address);
  const answer = (status: number, to = request, headers: readonly string[] = []) => {
    const request = parseMessage(Buffer.from(to, 'latin1'), defaultLimits);
    const wire = Buffer.from(writeResponse(request, status, { toTag: 'x', headers }), 'latin1');
    const tables = { wires: [link.id], members: ['bolt'], sources: [''], wireIndex: [0], length: [wire.length] };
    wires.depart(WireBatch.encode({ service: 'ingress', id: 'ingress-2', epoch: 'e1', ...tables, wire }).finish());
  };
  /** So many ms later it is looked after. */
  const pass = async (ms: number) => {
    state.now += ms;
    wires.tend(state.now);
    await settle();
  };
  const told = () => link.written.splice(0).map((text) => text.slice(8, 11));
  const heard = () => came.splice(0).map((text) => `${/^(again )?\S+/.exec(text)?.[0]} ${text.split(': ')[1]?.split(' ')[0]}`);
  return { bus, link, others, came, hear, settle, ask, answer, pass, told, heard, wires, state, events };
}
