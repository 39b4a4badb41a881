import { describe, expect, it } from 'vitest';
import { readOptions } from './options.js';

describe('options of the bench', () => {
  it.each([
    ['--patterns 4', 'is neither like 4x50 nor like 8@4000'],
    ['--patterns 4x', 'is neither'],
    ['--patterns 0x50', 'no number from 1'],
    ['--patterns 4x50,', 'is neither'],
    ['--rounds 0', 'no number from 1 to 100'],
    ['--rounds many', 'no number'],
    ['--count 7', 'no number from 100'],
    ['--peer opensips', 'none of kamailio'],
    ['--only speed', 'none of hub'],
    ['--members 5', 'no number from 10 to 20000'],
    ['--with speed', 'none of records'],
    ['--against off', '--with LIST'],
    ['--fast', "'--fast'"],
    ['4x50', 'positional'],
  ])('refuses %s', (line, words) => {
    const request = readOptions(line.split(' '));
    expect(request).toMatchObject({ kind: 'mistake', message: expect.stringContaining(words) });
  });

  it('measures hub, peer and codec in three rounds by default', () => {
    expect(readOptions([])).toEqual({
      kind: 'bench',
      options: {
        rounds: 3,
        count: 40_000,
        patterns: [
          { name: '4x50', connections: 4, window: 50, rate: 0 },
          { name: '100x1', connections: 100, window: 1, rate: 0 },
        ],
        peers: ['kamailio'],
        only: ['hub', 'peer', 'codec'],
        single: false,
        json: false,
        profile: false,
      },
    });
  });

  it('reads rates and drops the peer that is none', () => {
    const request = readOptions(['--patterns', '8@4000', '--peer', 'none']);
    expect(request).toMatchObject({ options: { peers: [], patterns: [{ connections: 8, rate: 4000 }] } });
  });

  it('profiles the hub alone, once', () => {
    expect(readOptions(['--profile'])).toMatchObject({ options: { profile: true, rounds: 1, only: ['hub'], peers: [] } });
  });

  it('compares our hub with itself: without a peer, records against nothing by default', () => {
    expect(readOptions(['--with', 'records,traces'])).toMatchObject({
      options: { peers: [], only: ['hub'], compare: { on: ['records', 'traces'], against: [] } },
    });
    expect(readOptions(['--with', 'off', '--against', 'records'])).toMatchObject({
      options: { compare: { on: [], against: ['records'] } },
    });
  });

  it('measures a membership instead', () => {
    expect(readOptions(['--members', '10000'])).toEqual({ kind: 'membership', members: 10_000, json: false });
  });

  it('gives help before anything else', () => {
    expect(readOptions(['--rounds', '0', '--help'])).toEqual({ kind: 'help' });
  });
});
