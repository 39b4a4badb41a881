import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DoorsCast, type DoorsOptions, type DoorsStage, makeDoorsCast, openDoorsStage } from './doors.stage.js';
import type { Hearing } from './doors-getter.stage.js';

let cast: DoorsCast;
let stage: DoorsStage;

const open = async (options: DoorsOptions = {}) => {
  stage = await openDoorsStage(cast, options);
};
/** The next frame; its number and how many requests it counts. */
const frame = async (hearing: Hearing) => {
  const event = await hearing.next();
  expect(event?.event).toBe('');
  return { id: event?.id, ...JSON.parse(event?.data ?? '{}').frame };
};
const last = async (hearing: Hearing) => {
  for (let event = await hearing.next(); event !== undefined; event = await hearing.next()) {
    if (event.event === 'end') return JSON.parse(event.data);
  }
  return undefined;
};

beforeAll(async () => {
  cast = await makeDoorsCast();
});
afterEach(() => stage.close());

describe('a stream ends', () => {
  it('once its token is revoked, and others go on', async () => {
    await open();
    const token = stage.policy.token('dashboard');
    const [ending, staying] = await Promise.all([
      stage.getter.hear('/v1/traffic', { token }),
      stage.getter.hear('/v1/traffic', { token: stage.policy.token('operator') }),
    ]);
    stage.policy.revoke(token);
    expect(await last(ending)).toEqual({
      code: 'unauthenticated',
      message: 'That is nobody.',
      cure: expect.stringContaining('token create'),
    });
    stage.feed.second(5);
    expect(await frame(staying)).toMatchObject({ full: true });
    await expect.poll(() => stage.feed.open()).toBe(1);
  });

  it('once its certificate is revoked', async () => {
    await open();
    const hearing = await stage.getter.hear('/v1/records/tail', { shown: cast.acme });
    stage.policy.revoke(cast.acme.certificate);
    expect(await last(hearing)).toMatchObject({ code: 'unauthenticated', message: expect.stringContaining('That is nobody.') });
  });

  it('where policy is away for longer than one waits for it', async () => {
    await open();
    const hearing = await stage.getter.hear('/v1/traffic', { token: stage.policy.token('operator') });
    stage.policy.fall();
    expect(await last(hearing)).toMatchObject({ code: 'unavailable' });
    expect((await stage.getter.hear('/v1/traffic', { token: stage.policy.token('operator') })).status).toBe(503);
  });

  it('where its reader takes nothing, and costs no room meanwhile', async () => {
    await open({ access: { stall: 300 } });
    stage.feed.swell(1_000_000);
    const hearing = await stage.getter.hear('/v1/traffic', { token: stage.policy.token('operator') });
    hearing.pause();
    await expect
      .poll(() => {
        stage.feed.second(1);
        return stage.feed.open();
      })
      .toBe(0);
    expect(await stage.metrics()).toContain('guildhall_console_api_streams');
  });

  it('when its listener goes, and when the port closes, which says so', async () => {
    await open();
    const token = stage.policy.token('operator');
    const [leaving, staying] = await Promise.all([
      stage.getter.hear('/v1/traffic', { token }),
      stage.getter.hear('/v1/records/tail', { token }),
    ]);
    await expect.poll(() => stage.feed.open()).toBe(2);
    leaving.close();
    await expect.poll(() => stage.feed.open()).toBe(1);
    const [told] = await Promise.all([last(staying), stage.doors.close(5000)]);
    expect(told).toMatchObject({ code: 'unavailable' });
    expect(stage.feed.open()).toBe(0);
  });
});

describe('a stream', () => {
  it('tells of each second, with its number', async () => {
    await open();
    const hearing = await stage.getter.hear('/v1/traffic', { token: stage.policy.token('dashboard') });
    expect(hearing.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
    expect(await frame(hearing)).toMatchObject({ full: true });
    stage.feed.second(5);
    expect(await frame(hearing)).toMatchObject({ id: '1', number: '1', all: { requests: '15' } });
    stage.feed.second(7);
    expect(await frame(hearing)).toMatchObject({ id: '2', number: '2', all: { requests: '21' }, pairs: [{}, {}, {}] });
  });

  it('of a slow reader loses no request: seconds are added up', async () => {
    await open();
    stage.feed.swell(300_000);
    const hearing = await stage.getter.hear('/v1/traffic', { token: stage.policy.token('dashboard') });
    expect(await frame(hearing)).toMatchObject({ full: true });
    hearing.pause();
    for (let second = 0; second < 100; second += 1) stage.feed.second(1);
    hearing.resume();
    let requests = 0;
    let frames = 0;
    while (requests < 300) {
      requests += Number((await frame(hearing)).all.requests);
      frames += 1;
    }
    expect([requests, frames < 100]).toEqual([300, true]);
  });

  it('is cut to the own half of a member', async () => {
    await open();
    const hearing = await stage.getter.hear('/v1/traffic', { token: stage.policy.token('member:acme') });
    await frame(hearing);
    stage.feed.second(5);
    const { members, pairs, all, instances, reasons, dropped } = await frame(hearing);
    expect({ members, pairs, all, instances, reasons, dropped }).toMatchObject({
      members: [{ member: 'acme' }],
      pairs: [
        { from: 'acme', to: 'bolt' },
        { from: 'cara', to: 'acme' },
      ],
      all: { requests: '10' },
    });
    expect([instances, reasons, dropped]).toEqual([undefined, undefined, undefined]);
    const tail = await stage.getter.hear('/v1/records/tail', { token: stage.policy.token('member:acme') });
    await expect.poll(() => stage.feed.open()).toBe(2);
    stage.feed.record({ peer: 'bolt', target: 'cara', callId: 'not-yours' });
    stage.feed.record({ peer: 'acme', target: 'bolt', callId: 'yours' });
    const heard: string[] = [];
    while (!heard.join().includes('"yours"')) heard.push((await tail.next())?.data ?? '');
    expect(heard.join()).not.toContain('not-yours');
    expect(stage.feed.asked.at(-1)).toMatchObject({ filter: { member: 'acme' } });
  });

  it('says that it lives when there is nothing to tell', async () => {
    await open({ http: { heartbeat: 100 } });
    const token = stage.policy.token('dashboard');
    const response = await stage.getter.raw('/v1/records/tail', { token });
    let text = '';
    for await (const chunk of response) {
      text += String(chunk);
      if (/^retry: 2000\n\n(:\n\n){3}/.test(text)) break;
    }
  });
});
