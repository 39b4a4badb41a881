import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DoorsCast, type DoorsStage, makeDoorsCast, openDoorsStage } from './doors.stage.js';

let cast: DoorsCast;
let stage: DoorsStage;

const open = async () => {
  stage = await openDoorsStage(cast);
  return stage;
};

beforeAll(async () => {
  cast = await makeDoorsCast();
});
afterEach(() => stage.close());

describe('a request is refused in words that help', () => {
  it('with what is not known by its name, and what comes near it', async () => {
    await open();
    const token = stage.policy.token('operator');
    const said = async (path: string) => (await stage.getter.get(path, { token })).json();
    expect(await said('/v1/traffic?member=acme')).toMatchObject({
      message: 'The parameter "member" is not known here (did you mean members?).',
    });
    expect(await said(`/v1/status?${encodeURIComponent(`\u001b[2J${'x'.repeat(99)}`)}=1`)).toMatchObject({
      message: `The parameter "\\u001b[2J${'x'.repeat(36)}..." is not known here.`,
    });
    expect(await said('/v1/records?code=denied-by-rul')).toMatchObject({
      message: expect.stringContaining('did you mean denied-by-rule?'),
    });
    expect(await said('/v1/records?method=invite')).toMatchObject({ message: expect.stringContaining('did you mean INVITE?') });
  });

  it('of members that are none, before anything is told', async () => {
    await open();
    const token = stage.policy.token('dashboard');
    stage.feed.members = new Set(['acme']);
    for (const path of ['/v1/traffic?members=acme,nosuch', '/v1/traffic/history?members=nosuch', '/v1/records/tail?to=nosuch']) {
      const got = await stage.getter.get(path, { token });
      expect([path, got.status, got.json()]).toEqual([
        path,
        404,
        { code: 'not-found', message: 'There is no member nosuch.', cure: 'there is acme' },
      ]);
    }
    // What it had when it was a member is told.
    expect((await stage.getter.get('/v1/traffic/history?members=bolt', { token })).status).toBe(200);
    expect((await stage.getter.get('/v1/records?member=nosuch', { token })).status).toBe(200);
  });

  it('of a call that nothing is recorded of', async () => {
    await open();
    stage.feed.forget();
    const got = await stage.getter.get('/v1/calls/nosuch%40acme', { token: stage.policy.token('operator') });
    expect([got.status, got.json()]).toEqual([
      404,
      { code: 'not-found', message: 'Nothing is recorded of the Call-ID "nosuch@acme".', cure: expect.stringContaining('since') },
    ]);
  });
});

describe('the index', () => {
  it('says without credentials what there is, and nothing of the hub', async () => {
    await open();
    const got = await stage.getter.get('/');
    expect([got.status, got.headers['content-type']]).toEqual([200, expect.stringContaining('text/plain')]);
    for (const path of ['/v1/status', '/v1/traffic', '/v1/schema']) expect(got.text).toContain(`  ${path} `);
    expect(got.text).toContain('guildhall token create --scope dashboard');
    expect(got.text).not.toMatch(/acme|bolt|relay-1/);
    expect([stage.feed.asked, stage.policy.questions]).toEqual([[], []]);
    expect((await stage.getter.get('/', { method: 'HEAD' })).status).toBe(405);
  });
});
