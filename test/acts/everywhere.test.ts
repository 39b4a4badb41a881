import {
  type GetMemberResponse,
  SetMemberStatusRequest,
  type SetMemberStatusResponse,
  SetMemberTrustRequest,
  type SetMemberTrustResponse,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiConnection, asked, openApi } from '../stage/admin.js';
import { outcome } from '../stage/exchange.js';
import type { Line } from '../stage/line.js';
import type { Member } from '../stage/member.js';
import { perform } from '../stage/performance.js';

const others = ['bolt', 'crow', 'dora', 'echo', 'frog'];

describe('a change is known to every ingress and every relay', () => {
  const { actor, hub } = perform({
    topology: { ingresses: 2, relays: 2, policies: 2 },
    cast: { acme: {}, ...Object.fromEntries(others.map((id) => [id, { spares: [`${id}-two`] }])) },
    // What is asked for anew only because it is old would hide what a change drops.
    settings: { ingress: { timeouts: { verdictFresh: '1h' } } },
  });
  const apis: ApiConnection[] = [];
  /** Lines of acme, one to each ingress. */
  const lines: Line[] = [];
  beforeAll(async () => {
    for (const at of hub().policies.keys()) apis.push(openApi(hub(), undefined, at));
    lines.push(actor('acme').line(), await actor('acme').dial(hub().ingresses[1]?.port ?? 0));
  });
  afterAll(() => {
    for (const api of apis) api.close();
  });

  /** Asked of the policies in turn. */
  let turn = 0;
  const membership = () => {
    turn += 1;
    const api = apis[turn % apis.length];
    if (api === undefined) throw new Error('no policy');
    return api.membership;
  };
  const setStatus = (id: string, status: string, reason = '') =>
    asked<SetMemberStatusResponse>((done) =>
      membership().setMemberStatus(SetMemberStatusRequest.fromPartial({ id, status, reason }), done),
    );

  /** What becomes of a MESSAGE of acme's on this line. */
  async function fateOn(line: Line, receiver: Member): Promise<{ fate: string; reason: string }> {
    const acme = actor('acme');
    const said = acme.request('MESSAGE', `sip:bob@${receiver.domain}`);
    line.say(said.text);
    const final = acme.hearFinal(said);
    const heard = await receiver.hearUnless(said, final);
    if (heard !== undefined) receiver.answer(heard, 200);
    return { fate: outcome(await final), reason: (await final).header('reason') };
  }
  async function becomesOn(line: Line, receiver: Member, expected: string): Promise<string> {
    for (;;) {
      const { fate, reason } = await fateOn(line, receiver);
      if (fate === expected) return reason;
    }
  }

  it.each(others)('%s is suspended: wherever one asks, its lines are closed and it is not reached; then it is back', async (id) => {
    const member = actor(id);
    for (const line of lines) expect((await fateOn(line, member)).fate).toBe('200');
    const first = member.line().remotePort;
    const own = [member.line()];
    for (const { port } of hub().ingresses) if (port !== first) own.push(await member.dial(port));
    expect(own).toHaveLength(2);
    await setStatus(id, 'suspended', 'dues not paid');
    await Promise.all(own.map((line) => line.over));
    for (const line of lines) {
      expect(await becomesOn(line, member, '403 target-not-active')).toMatch(new RegExp(`${id}.* suspended: dues not paid`));
    }
    for (const { port } of hub().ingresses) await (await member.dial(port)).over;

    await setStatus(id, 'active');
    for (const line of lines) await becomesOn(line, member, '200');
  });

  it('members move to another proxy: each relay goes there', async () => {
    for (const id of others) {
      const { member } = await asked<GetMemberResponse>((done) => membership().getMember({ id }, done));
      const next = actor(`${id}-two`);
      const request = SetMemberTrustRequest.fromPartial({
        id,
        expected: member?.revision ?? 0n,
        proxies: [{ host: '127.0.0.1', port: next.port, name: `sip.${id}.example` }],
      });
      await asked<SetMemberTrustResponse>((done) => membership().setMemberTrust(request, done));
    }
    for (const id of others) {
      for (const line of lines) await settled(line, actor(id), actor(`${id}-two`));
    }
    const forwarded = await Promise.all(
      hub().relays.map(async (relay) => {
        const text = await (await fetch(`http://${relay.addresses['admin']}/metrics`)).text();
        return Number(/^guildhall_relay_forwards_total\{kind="request"[^}]*\} (\d+)/m.exec(text)?.[1]);
      }),
    );
    expect(Math.min(...forwarded)).toBeGreaterThan(0);
  });

  it('what was decided about others stays decided', async () => {
    const looked = (result: string) => hub().counted('ingress', 'guildhall_ingress_verdicts_total', { result });
    const asks = async () => (await looked('miss')) + (await looked('refresh'));
    const [line] = lines;
    if (line === undefined) throw new Error('no line');
    const say = async (...ids: string[]) => {
      for (const id of ids) await fateOn(line, actor(`${id}-two`));
    };
    await say(...others);
    await say(...others);
    const kept = await asks();
    await say(...others);
    expect(await asks()).toBe(kept);

    await setStatus('frog', 'suspended', 'a while');
    await becomesOn(line, actor('frog-two'), '403 target-not-active');
    const before = await asks();
    await say('bolt', 'crow', 'dora', 'echo');
    expect(await asks()).toBe(before);
    await setStatus('frog', 'active');
    await expect
      .poll(async () => {
        await say('frog');
        return asks();
      })
      .toBeGreaterThan(before);
    const after = await asks();
    await say('bolt', 'crow', 'dora', 'echo');
    expect(await asks()).toBe(after);
  });

  /** Says MESSAGEs on the line until one arrives at `next`; what still arrives at `last` is answered. */
  async function settled(line: Line, last: Member, next: Member): Promise<void> {
    const acme = actor('acme');
    for (let arrived = false; !arrived; ) {
      const said = acme.request('MESSAGE', `sip:bob@${next.domain}`);
      line.say(said.text);
      const final = acme.hearFinal(said);
      const heard = Promise.all(
        [last, next].map(async (proxy) => {
          const request = await proxy.hearUnless(said, final);
          if (request !== undefined) proxy.answer(request, 200);
          return request !== undefined;
        }),
      );
      [, arrived = false] = await heard;
      await final;
    }
  }
});
