import { type Ask, Verdict, VerdictAction } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { describe, expect, it } from 'vitest';
import { type AskSubject, createVerdicts, verdictKey } from './verdicts.js';
import { createWaiting } from './waiting.js';

const subject = (more: Partial<AskSubject> = {}): AskSubject => ({
  peer: 'acme',
  fromDomain: 'acme.example',
  toDomain: 'bolt.example',
  toMember: '',
  method: 'MESSAGE',
  event: '',
  ...more,
});
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A policy whose answers are let go by hand. */
const setting = (entries = 100) => {
  let now = 0;
  const asked: { ask: Ask; answer: (verdict: Partial<Verdict>) => Promise<unknown>; fail: () => Promise<unknown> }[] = [];
  const verdicts = createVerdicts(
    entries,
    { fresh: 1_000, stale: 5_000, retry: 100 },
    (ask) =>
      new Promise((resolve, reject) => {
        const usual = { action: VerdictAction.FORWARD, member: 'bolt', code: 'allowed', sentence: 'yes', version: 1n };
        asked.push({
          ask,
          answer(verdict) {
            resolve(Verdict.encode(Verdict.fromPartial({ ...usual, ...verdict })).finish());
            return settle();
          },
          fail() {
            reject(new Error('timeout'));
            return settle();
          },
        });
      }),
    () => now,
  );
  const get = (at: number, given = subject()) => {
    now = at;
    return verdicts.get(verdictKey(given), given, at);
  };
  const learn = async (at: number, verdict: Partial<Verdict> = {}, given = subject()) => {
    now = at;
    const told = verdicts.fetch(verdictKey(given), given);
    await asked.at(-1)?.answer(verdict);
    return told;
  };
  return { verdicts, asked, get, learn };
};

describe('a verdict that is worth nothing', () => {
  it.each<[string, Partial<Verdict>, object]>([
    ['without an action', { action: VerdictAction.UNSPECIFIED }, { action: 'refuse', status: 500 }],
    ['that forwards to nobody', { member: '' }, { action: 'refuse', status: 500 }],
    ['that redirects to nowhere', { action: VerdictAction.REDIRECT, code: 'direct-partner' }, { action: 'refuse', status: 302 }],
    ['with a code of nobody', { action: VerdictAction.REFUSE, code: 'toString' }, { code: 'hub-unavailable', status: 503 }],
  ])('%s', async (_why, verdict, expected) => {
    const { learn } = setting();
    expect(await learn(0, verdict)).toMatchObject(expected);
  });

  it('is not kept: the next one asks again', async () => {
    const { verdicts, asked, get } = setting();
    const failing = verdicts.fetch(verdictKey(subject()), subject());
    void asked[0]?.fail();
    await expect(failing).rejects.toThrow();
    expect(get(0)).toBeUndefined();
    const next = verdicts.fetch(verdictKey(subject()), subject());
    await asked[1]?.answer({});
    expect(await next).toMatchObject({ action: 'forward' });
    expect(verdicts.counts.failures).toBe(1);
  });
});

describe('the verdict cache', () => {
  it('asks once, however many want to know', async () => {
    const { verdicts, asked, get } = setting();
    const both = [verdicts.fetch(verdictKey(subject()), subject()), verdicts.fetch(verdictKey(subject()), subject())];
    expect(asked.map((one) => one.ask)).toEqual([
      { peer: 'acme', fromDomain: 'acme.example', target: { $case: 'toDomain', value: 'bolt.example' }, method: 'MESSAGE', event: '' },
    ]);
    await asked[0]?.answer({});
    await Promise.all(both);
    expect(get(999)).toMatchObject({ member: 'bolt' });
    expect(asked.length).toBe(1);
  });

  it('tells every difference of a question', () => {
    const differences: Partial<AskSubject>[] = [
      {},
      { peer: 'x' },
      { fromDomain: 'x' },
      { toDomain: 'x' },
      { method: 'x' },
      { event: 'x' },
      { toDomain: '', toMember: 'bolt.example' },
    ];
    expect(new Set(differences.map((one) => verdictKey(subject(one)))).size).toBe(differences.length);
  });

  it('serves what is no longer fresh while it asks anew, once, and takes the new one', async () => {
    const { asked, get, learn } = setting();
    await learn(0);
    expect(get(1_000)).toMatchObject({ sentence: 'yes' });
    expect(get(1_001)).toMatchObject({ sentence: 'yes' });
    expect(asked.length).toBe(2);
    await asked[1]?.answer({ sentence: 'still' });
    expect(get(1_002)).toMatchObject({ sentence: 'still' });
    expect(asked.length).toBe(2);
  });

  it('serves on while policy is silent, tries again after a while, and not for ever', async () => {
    const { asked, get, learn, verdicts } = setting();
    await learn(0);
    get(1_000);
    await asked[1]?.fail();
    expect(get(1_050)).toMatchObject({ sentence: 'yes' });
    expect(asked.length).toBe(2);
    expect(get(1_100)).toMatchObject({ sentence: 'yes' });
    expect(asked.length).toBe(3);
    await asked[2]?.fail();
    expect(get(6_000)).toBeUndefined();
    const late = verdicts.fetch(verdictKey(subject()), subject());
    void asked[3]?.fail();
    await expect(late).rejects.toThrow();
  });

  it('never serves beyond what policy vouched for', async () => {
    const { get, learn, asked } = setting();
    await learn(0, { holdsFor: 300 });
    expect(get(299)).toBeDefined();
    expect(get(300)).toBeUndefined();
    expect(asked.length).toBe(1);
  });

  it('forgets what a change touched, and what was about nobody', async () => {
    const { get, learn, verdicts } = setting();
    const nobody = subject({ toDomain: 'nobody.test' });
    const other = subject({ peer: 'cliff', toDomain: 'dune.example' });
    await learn(0);
    await learn(0, { action: VerdictAction.REFUSE, member: '', code: 'unknown-domain' }, nobody);
    await learn(0, { member: 'dune' }, other);
    verdicts.drop(new Set(['bolt']), 2n);
    expect([get(1), get(1, nobody), get(1, other)].map((one) => one !== undefined)).toEqual([false, false, true]);
    verdicts.drop(new Set(['cliff']), 3n);
    expect(get(1, other)).toBeUndefined();
    await learn(1, { version: 3n });
    verdicts.drop(undefined, 4n);
    expect(get(1)).toBeUndefined();
  });

  it('asks again what was decided before a change it knows of', async () => {
    const { asked, get, verdicts } = setting();
    const waiting = verdicts.fetch(verdictKey(subject()), subject());
    verdicts.drop(new Set(['bolt']), 2n);
    await asked[0]?.answer({ version: 1n });
    expect(await waiting).toMatchObject({ action: 'forward' });
    get(1);
    if (asked.length === 1) void verdicts.fetch(verdictKey(subject()), subject());
    expect(asked.length).toBe(2);
  });

  it('does not bring back by a refresh under way what a change took', async () => {
    const { asked, get, learn, verdicts } = setting();
    await learn(0);
    get(1_000);
    verdicts.drop(new Set(['bolt']), 2n);
    expect(get(1_001)).toBeUndefined();
    const next = verdicts.fetch(verdictKey(subject()), subject());
    expect(asked.length).toBe(3);
    await asked[2]?.answer({ sentence: 'new', version: 2n });
    await asked[1]?.answer({ sentence: 'old', version: 1n });
    expect(await next).toMatchObject({ sentence: 'new' });
    expect(get(1_002)).toMatchObject({ sentence: 'new' });
  });

  it('answers those who wait although everything was forgotten meanwhile', async () => {
    const { asked, verdicts, get } = setting();
    const waiting = verdicts.fetch(verdictKey(subject()), subject());
    verdicts.drop(undefined, 2n);
    await asked[0]?.answer({ version: 2n });
    expect(await waiting).toMatchObject({ action: 'forward' });
    // And a refresh under way does not bring back what was forgotten as fresh.
    get(1);
    expect(verdicts.counts.failures).toBe(0);
  });

  it('doubts everything after it may have missed a change, and serves meanwhile', async () => {
    const { asked, get, learn, verdicts } = setting();
    await learn(0);
    verdicts.doubt();
    expect(get(1)).toBeDefined();
    expect(asked.length).toBe(2);
  });

  it('holds so many and no more', async () => {
    const { learn, verdicts } = setting(3);
    for (const method of ['A', 'B', 'C', 'D', 'E']) await learn(0, {}, subject({ method }));
    expect(verdicts.size()).toBe(3);
  });
});

describe('requests that wait for a verdict', () => {
  it('are refused above the limit, and go on together in order', async () => {
    const { verdicts, asked } = setting();
    const gone: string[] = [];
    const waiting = createWaiting<string>(verdicts, 3, (item, verdict) => gone.push(`${item} ${verdict?.sentence}`));
    const [one, two] = [subject(), subject({ method: 'INFO' })];
    expect([waiting.add('1', one, 'a'), waiting.add('2', two, 'x'), waiting.add('1', one, 'b'), waiting.add('1', one, 'c')]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(waiting.size()).toBe(3);
    await asked[0]?.answer({});
    expect(gone).toEqual(['a yes', 'b yes']);
    await asked[1]?.fail();
    expect(gone).toEqual(['a yes', 'b yes', 'x undefined']);
    expect(waiting.size()).toBe(0);
    expect(waiting.add('1', one, 'd')).toBe(true);
  });
});
