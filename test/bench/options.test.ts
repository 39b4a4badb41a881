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
    ['--peer packaged', 'none of kamailio, kamailio-stateless, kamailio-packaged, kamailio-packaged-stateless, none'],
    ['--only speed', 'none of hub'],
    ['--members 5', 'no number from 10 to 20000'],
    ['--with speed', 'none of records'],
    ['--against off', '--with LIST'],
    ['--features speed', 'none of records'],
    ['--features records --with traces', '--with says it already'],
    ['--profile --with traces --against off', 'a profile is of one hub'],
    ['--record --check', '--record: not together with --check'],
    ['--short --profile', '--short: not together with --profile'],
    ['--instances 2 --members-rate 100', '--instances: not together with --members-rate'],
    ['--instances 2 --single', '--single: not together with --instances'],
    ['--instances 1', 'no number from 2 to 16'],
    ['--members-rate 10', 'no number from 20'],
    ['--record --with traces', '--record: not together with --with'],
    ['--record --only hub', 'the whole hub beside its peers'],
    ['--check --count 9999', 'no number from 10000'],
    ['--check --single', 'the whole hub beside its peers'],
    ['--check --peer none', 'goes by what was recorded'],
    ['--check --features off', 'goes by what was recorded'],
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
          { kind: 'messages', name: '4x50', connections: 4, window: 50, rate: 0 },
          { kind: 'messages', name: '100x1', connections: 100, window: 1, rate: 0 },
        ],
        peers: ['kamailio'],
        only: ['hub', 'peer', 'codec'],
        single: false,
        json: false,
        profile: false,
        features: ['records', 'metrics', 'traces'],
      },
    });
  });

  it('reads rates and drops the peer that is none', () => {
    const request = readOptions(['--patterns', '8@4000', '--peer', 'none']);
    expect(request).toMatchObject({ options: { peers: [], patterns: [{ connections: 8, rate: 4000 }] } });
  });

  it('takes peers in the order in which they are named', () => {
    const line = '--peer kamailio-packaged-stateless,kamailio,kamailio-packaged';
    expect(readOptions(line.split(' '))).toMatchObject({
      options: { peers: ['kamailio-packaged-stateless', 'kamailio', 'kamailio-packaged'] },
    });
  });

  it('profiles the hub alone, once', () => {
    expect(readOptions(['--profile'])).toMatchObject({ options: { profile: true, rounds: 1, only: ['hub'], peers: [] } });
    const traced = readOptions(['--profile', '--with', 'traces']);
    expect(traced).toMatchObject({ options: { profile: true, features: ['traces'] } });
    expect(traced).not.toHaveProperty('options.compare');
  });

  it('compares our hub with itself: without a peer, records against nothing by default', () => {
    expect(readOptions(['--with', 'records,traces'])).toMatchObject({
      options: { peers: [], only: ['hub'], compare: { on: ['records', 'traces'], against: [] } },
    });
    expect(readOptions(['--with', 'off', '--against', 'records'])).toMatchObject({
      options: { compare: { on: [], against: ['records'] } },
    });
  });

  it('records and checks all patterns beside all peers', () => {
    for (const verb of ['record', 'check'] as const) {
      const request = readOptions([`--${verb}`]);
      const all = ['kamailio', 'kamailio-stateless', 'kamailio-packaged', 'kamailio-packaged-stateless'];
      expect(request).toMatchObject({
        options: { peers: all, only: verb === 'record' ? ['hub', 'single', 'peer'] : ['hub', 'peer'], history: { verb } },
      });
      expect(request).toMatchObject({ options: { patterns: expect.arrayContaining([expect.objectContaining({ name: 'calls' })]) } });
    }
    expect(readOptions(['--check'])).toMatchObject({ options: { history: { patterns: 'recorded' } } });
    expect(readOptions(['--check', '--patterns', '4x50'])).toMatchObject({ options: { history: { patterns: 'given' } } });
  });

  it('has a short form of one small round', () => {
    expect(readOptions(['--short'])).toMatchObject({ options: { rounds: 1, count: 5_000, peers: ['kamailio'], only: ['hub', 'peer'] } });
  });

  it('compares our hub with a smaller one of its own', () => {
    expect(readOptions(['--instances', '2'])).toMatchObject({
      options: { grown: { by: 'instances', count: 2 }, peers: [], only: ['hub'], patterns: [{ name: 'fan-out:200x50' }] },
    });
    expect(readOptions(['--members-rate', '10000'])).toMatchObject({
      options: { grown: { by: 'members', count: 10_000 }, peers: [], patterns: [{ name: '4x50' }] },
    });
  });

  it('measures a membership instead', () => {
    expect(readOptions(['--members', '10000'])).toEqual({ kind: 'membership', members: 10_000, json: false });
  });

  it('measures what the machine asks instead', () => {
    expect(readOptions(['--floor', '--json'])).toEqual({ kind: 'floor', json: true });
  });

  it('gives help before anything else', () => {
    expect(readOptions(['--rounds', '0', '--help'])).toEqual({ kind: 'help' });
  });
});
