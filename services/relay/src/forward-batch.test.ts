import { ForwardBatch, ForwardKind } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readForwards } from './forward-batch.js';

const good: ForwardBatch = {
  ingress: 'ingress-1',
  epoch: 'abc0',
  again: false,
  sent: 9,
  members: ['acme', 'bolt'],
  recordRoutes: ['<sip:g1.x@hub.example:5061;lr>'],
  sources: ['192.0.2.1:5061', '[2001:db8::1]:40000', ''],
  kind: [ForwardKind.REQUEST, ForwardKind.ACK],
  transaction: [1, 2],
  member: [1, 0],
  recordRoute: [0, 1],
  source: [2, 1],
  loop: [7, 8],
  wait: [25_000, 0],
  length: [3, 2],
  traced: [],
  wire: Buffer.from('abcde'),
};

function read(changes: Partial<ForwardBatch>): ForwardBatch | undefined {
  return readForwards(ForwardBatch.encode({ ...good, ...changes }).finish());
}

describe('a batch of forwards', () => {
  const bad: [why: string, changes: Partial<ForwardBatch>][] = [
    ['an ingress that widens a subject', { ingress: 'a.>' }],
    ['no ingress', { ingress: '' }],
    ['an epoch with a dot, which would make another branch', { epoch: 'a.1' }],
    ['a member id with a dot', { members: ['a.b', 'bolt'] }],
    ['a source that is a novel', { sources: ['x'.repeat(321), '', ''] }],
    ['a source with a line end', { sources: ['1.2.3.4:5\r\nX: y', '', ''] }],
    ['a Record-Route with a line end', { recordRoutes: ['<sip:a>\r\nX: y'] }],
    ['an empty Record-Route', { recordRoutes: [''] }],
    ['a column too short', { loop: [7] }],
    ['a column too long', { wait: [1, 2, 3] }],
    ['a member that is not in the table', { member: [2, 0] }],
    ['a Record-Route that is not in the table', { recordRoute: [2, 0] }],
    ['a source that is not in the table', { source: [3, 0] }],
    ['no kind', { kind: [ForwardKind.REQUEST, ForwardKind.UNSPECIFIED] }],
    ['lengths beyond the bytes', { length: [3, 3] }],
    ['bytes beyond the lengths', { length: [3, 1] }],
    ['a forward of no bytes', { length: [5, 0] }],
    ['a length that would wrap', { length: [0xffff_ffff, 6] }],
  ];
  it.each(bad)('with %s is dropped whole', (_why, changes) => {
    expect(read(changes)).toBeUndefined();
  });

  it('loses traces that mean nothing, and no request for them', () => {
    const traced = { entry: 1, traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 2) };
    const found = read({
      traced: [{ ...traced, entry: 2 }, { ...traced, traceId: Buffer.alloc(16) }, { ...traced, spanId: Buffer.alloc(9, 1) }, traced],
    });
    expect(found?.traced).toEqual([traced]);
    expect(found?.kind).toEqual(good.kind);
  });

  it('that is whole is read', () => {
    expect(read({})).toEqual(good);
    expect(
      read({ kind: [], transaction: [], member: [], recordRoute: [], source: [], loop: [], wait: [], length: [], wire: Buffer.alloc(0) }),
    ).toBeDefined();
  });

  it('may tell of a sender as long as the name of a proxy can be, and of a Record-Route over two interfaces as long as theirs', () => {
    const host = `${'internal-load-balancer.'.repeat(11)}`.slice(0, 253);
    const token = `g1.${'k'.repeat(32)}.${'a'.repeat(63)}.${'b'.repeat(63)}.I.${'m'.repeat(22)}`;
    const uri = `<sip:${token}@${host}:65535;transport=tls;lr>`;
    expect(read({ sources: [`${host}:65535`, '', ''], recordRoutes: [`${uri}, ${uri}`] })).toBeDefined();
  });

  it('may have entries of a kind that only a newer version knows', () => {
    expect(read({ kind: [ForwardKind.REQUEST, ForwardKind.UNRECOGNIZED] })?.kind).toEqual([ForwardKind.REQUEST, ForwardKind.UNRECOGNIZED]);
  });

  it('never throws, whatever the bytes', () => {
    const bytes = ForwardBatch.encode(good).finish();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(bytes.length - 1), fc.nat(255), (noise, at, byte) => {
        readForwards(noise);
        const bent = Uint8Array.from(bytes);
        bent[at] = byte;
        readForwards(bent);
      }),
    );
  });
});
