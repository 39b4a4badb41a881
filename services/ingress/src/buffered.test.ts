import { describe, expect, it } from 'vitest';
import { mustGo, noteBuffered } from './buffered.js';
import { transactionTable } from './transaction.stage.js';

const limits = { memberBytes: 1_000, memberBytesMax: 4_000 };
const member = () => {
  const table = transactionTable();
  const wires = [table.wire('acme'), table.wire('acme')];
  return { wires, acme: table.members.of('acme'), held: () => wires.map((wire) => wire.held) };
};

describe('bytes that wait for one member', () => {
  it('hold all its connections above the limit, however they are spread', () => {
    const { acme, held } = member();
    noteBuffered(acme, 600, limits);
    noteBuffered(acme, 400, limits);
    expect(held()).toEqual([false, false]);
    noteBuffered(acme, 1, limits);
    expect(held()).toEqual([true, true]);
    expect(acme.full).toBe(true);
  });

  it('let them go on when half of the limit has gone, not before', () => {
    const { acme, held } = member();
    noteBuffered(acme, 1_200, limits);
    noteBuffered(acme, -650, limits);
    expect(held()).toEqual([true, true]);
    noteBuffered(acme, -50, limits);
    expect(held()).toEqual([false, false]);
    expect(acme.bytes).toBe(500);
  });

  it('cost the connection in which most of them wait, and only above the second limit', () => {
    const { acme } = member();
    noteBuffered(acme, 4_000, limits);
    expect([mustGo(acme, 3_900, limits), mustGo(acme, 100, limits)]).toEqual([false, false]);
    noteBuffered(acme, 100, limits);
    expect([mustGo(acme, 4_000, limits), mustGo(acme, 100, limits)]).toEqual([true, false]);
    expect(mustGo(acme, 2_050, limits)).toBe(true);
  });
});
