import { KeptBatch, type KeptMessage } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import { Marked } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { describe, expect, it } from 'vitest';
import { createMembers } from '../members.js';
import { type RequestWishes, sip } from '../sip.stage.js';
import { message } from '../transaction.stage.js';
import type { Wire } from '../wire.js';
import { createKeptHeads } from './kept-heads.js';
import { createMarkedMembers } from './marked-members.js';
import { keptConfig } from './tap-config.js';

const session = 'Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000';
const logme = { headers: [`${session};logme`] };

/** Heads kept by these settings; acme, bolt and cliff own the domains of their names. */
function stage(settings: Parameters<typeof keptConfig.parse>[0] = {}) {
  const batches: KeptMessage[][] = [];
  const time = { now: 1 };
  const clock = () => time.now;
  const marked = createMarkedMembers(clock);
  const members = createMembers(1_000);
  const kept = createKeptHeads({
    id: 'i1',
    config: keptConfig.parse(settings),
    marked,
    ownerOf: (domain) => /^(acme|bolt|cliff)\.example$/.exec(domain)?.[1],
    publish: (payload) => void batches.push(KeptBatch.decode(payload).messages),
    clock,
    wall: () => 1_700_000_000_000,
  });
  const wire = (id: string): Wire => ({
    id: 'w',
    member: members.of(id),
    source: '192.0.2.1:5061',
    open: true,
    inFlight: 0,
    hasRoom: () => true,
    hold: () => undefined,
    release: () => undefined,
    text: () => undefined,
    bytes: () => undefined,
  });
  return {
    kept,
    time,
    batches,
    mark: (...list: [member: string, holdsFor: number][]) =>
      marked.take(Marked.encode({ members: list.map(([member, holdsFor]) => ({ member, holdsFor })) }).finish()),
    came: (from: string, wishes: RequestWishes) => kept.came(message(sip(wishes)), wire(from)),
    answered(to: string, status: number, callId: string, cseq = '1 MESSAGE') {
      const text = `SIP/2.0 ${status} Whatever\r\ni: ${callId}\r\nCSeq: ${cseq}\r\nContent-Length: 6\r\n\r\ncanary`;
      kept.went(Buffer.from(text, 'latin1'), 0, text.length, wire(to));
    },
    /** What was kept since the last time: who, which way, the first words and why. */
    found() {
      kept.flush();
      return batches
        .splice(0)
        .flat()
        .map(
          ({ member, inbound, head, why }) =>
            `${member} ${inbound ? '>' : '<'} ${head.toString('latin1').split(' ', 2).join(' ')} (${why})`,
        );
    },
  };
}

describe('nothing is kept', () => {
  it('by itself: a marker counts where the operator allows it', () => {
    const { kept, came, answered, found } = stage();
    came('acme', { ...logme, callId: 'a' });
    answered('acme', 200, 'a');
    expect(found()).toEqual([]);
    expect(kept.watching()).toBe(false);
  });

  it('of a member that may not mark', () => {
    const { came, found } = stage({ logme: ['bolt'] });
    came('acme', { ...logme, callId: 'a' });
    expect(found()).toEqual([]);
  });

  it('where the marker first appears within a dialog (RFC 8497 4.1), or in a response', () => {
    const { kept, came, found } = stage({ logme: 'all' });
    came('acme', { ...logme, callId: 'a', method: 'INFO', to: '<sip:bob@bolt.example>;tag=b1' });
    expect(found()).toEqual([]);
    expect(kept.isMarked('a')).toBe(false);
  });

  it('of other dialogs of the one who marked one', () => {
    const { came, answered, found } = stage({ logme: 'all' });
    came('acme', { ...logme, callId: 'a', method: 'INVITE' });
    came('acme', { callId: 'b' });
    answered('acme', 200, 'b');
    expect(found()).toEqual(['acme > INVITE sip:bob@bolt.example (logme)']);
  });
});

describe('a dialog that its caller marked', () => {
  it('is kept with its answers and everything until its BYE is answered, marked or not', () => {
    const { kept, came, answered, found } = stage({ logme: 'all' });
    const within = { callId: 'a', to: '<sip:bob@bolt.example>;tag=b1' };
    came('acme', { ...logme, callId: 'a', method: 'INVITE' });
    answered('acme', 180, 'a', '1 INVITE');
    answered('acme', 200, 'a', '1 INVITE');
    came('acme', { ...within, method: 'ACK' });
    came('bolt', { ...within, method: 'BYE', uri: 'sip:alice@acme.example' });
    expect(kept.isMarked('a')).toBe(true);
    answered('bolt', 200, 'a', '2 BYE');
    answered('bolt', 200, 'a', '2 BYE');
    came('acme', { ...within, method: 'INFO' });
    expect(found()).toEqual([
      'acme > INVITE sip:bob@bolt.example (logme)',
      'acme < SIP/2.0 180 (logme)',
      'acme < SIP/2.0 200 (logme)',
      'acme > ACK sip:bob@bolt.example (logme)',
      'bolt > BYE sip:alice@acme.example (logme)',
      'bolt < SIP/2.0 200 (logme)',
    ]);
    expect(kept.isMarked('a')).toBe(false);
  });

  it('is over with the final answer where its request opens nothing that lasts', () => {
    const { kept, came, answered, found } = stage({ logme: ['acme'] });
    came('acme', { ...logme, callId: 'a' });
    answered('acme', 100, 'a');
    answered('acme', 202, 'a');
    came('acme', { callId: 'a' });
    expect(found()).toHaveLength(3);
    expect(kept.dialogs()).toBe(0);
  });

  it('is forgotten after its time without a message, and for others, oldest first', () => {
    const { kept, time, came, found } = stage({ logme: 'all', dialogs: 2, dialogIdle: '10s' });
    for (const callId of ['a', 'b', 'c']) came('acme', { ...logme, callId, method: 'INVITE' });
    expect(['a', 'b', 'c'].map(kept.isMarked)).toEqual([false, true, true]);
    time.now = 10_002;
    expect(['b', 'c'].map(kept.isMarked)).toEqual([false, false]);
    came('acme', { callId: 'c' });
    expect(found()).toHaveLength(3);
  });
});

describe('a member that an operator marked', () => {
  it('has kept what it sends, what goes to it, and what is for its domain with the answers, while the mark holds', () => {
    const { kept, time, mark, came, answered, found } = stage();
    mark(['bolt', 1_000]);
    expect(kept.watching()).toBe(true);
    came('bolt', { callId: 'a', uri: 'sip:carl@cliff.example', from: '<sip:bob@bolt.example>;tag=1' });
    answered('bolt', 200, 'a');
    came('acme', { callId: 'b', uri: 'sips:bob@BOLT.example;x=y' });
    answered('acme', 200, 'b');
    came('acme', { callId: 'c', uri: 'sip:carl@cliff.example' });
    answered('acme', 200, 'c');
    answered('bolt', 200, 'd');
    expect(found()).toEqual([
      'bolt > MESSAGE sip:carl@cliff.example (trace bolt)',
      'bolt < SIP/2.0 200 (trace bolt)',
      'acme > MESSAGE sips:bob@BOLT.example;x=y (trace bolt)',
      'acme < SIP/2.0 200 (trace bolt)',
      'bolt < SIP/2.0 200 (trace bolt)',
    ]);
    came('acme', { callId: 'e', method: 'INVITE' });
    time.now = 1_001;
    answered('acme', 200, 'e', '1 INVITE');
    came('bolt', { callId: 'f' });
    expect(found()).toEqual(['acme > INVITE sip:bob@bolt.example (trace bolt)']);
  });
});

describe('what is kept', () => {
  it('is the head with where it came from, without body and credentials', () => {
    const { batches, came, kept } = stage({ logme: 'all' });
    came('acme', { callId: 'a', body: 'canary', headers: [...logme.headers, 'Proxy-Authorization: Digest response="7"'] });
    kept.flush();
    const [found] = batches.flat();
    expect(found).toMatchObject({
      at: 1_700_000_000_000n,
      ingress: 'i1',
      member: 'acme',
      inbound: true,
      source: '192.0.2.1:5061',
      callId: 'a',
      bodyBytes: 6,
      why: 'logme',
    });
    const text = found?.head.toString('latin1') ?? '';
    expect(text).toMatch(
      /^MESSAGE sip:bob@bolt\.example SIP\/2\.0\r\n[\s\S]*\r\nProxy-Authorization: \(cut\)\r\nContent-Length: 6\r\n\r\n$/,
    );
    expect(text).not.toContain('canary');
  });

  it('is 8 KiB of a head at most', () => {
    const { batches, came, kept } = stage({ logme: 'all' });
    came('acme', { callId: 'a', headers: [...logme.headers, `Subject: ${'x'.repeat(7_000)}`, `Date: ${'y'.repeat(7_000)}`] });
    kept.flush();
    expect(batches.flat()[0]?.head).toHaveLength(8_192);
  });

  it('is bounded by rate, and what is above is counted', () => {
    const { kept, time, came, found } = stage({ logme: 'all', headsPerSecond: 3 });
    for (let index = 0; index < 5; index += 1) came('acme', { ...logme, callId: `a${index}` });
    time.now = 1_001;
    came('acme', { ...logme, callId: 'b' });
    expect(found()).toHaveLength(4);
    expect(kept.counts).toEqual({ kept: 4, overRate: 2 });
  });

  it('goes out in batches that NATS takes, however large the heads', () => {
    const { batches, came } = stage({ logme: 'all', headsPerSecond: 10_000 });
    for (let index = 0; index < 257; index += 1) came('acme', { ...logme, callId: `a${index}` });
    expect(batches.map((batch) => batch.length)).toEqual([256]);
    for (let index = 0; index < 100; index += 1) {
      came('acme', { callId: `b${index}`, headers: [...logme.headers, `Subject: ${'x'.repeat(7_500)}`] });
    }
    expect(batches.length).toBeGreaterThan(2);
    for (const batch of batches) expect(batch.reduce((sum, { head }) => sum + head.length, 0)).toBeLessThan(272 * 1024);
  });
});
