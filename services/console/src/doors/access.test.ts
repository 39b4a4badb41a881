import { tokenText } from '@guildhall/chassis/api/access-token-text';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { AccessAnswer, AccessQuestion } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { subjects } from '@guildhall/proto/subjects';
import { describe, expect, it, vi } from 'vitest';
import { createAccess } from './access.js';

const token = (id: number) =>
  tokenText({ kind: 'access', id: id.toString(16).padStart(10, '0'), secret: id.toString(16).padStart(48, '0'), authoritySha256: '' });

/** Access over a policy that answers like this; `answer` undefined: it says nothing. */
function access(answer: (question: AccessQuestion) => Partial<AccessAnswer> | Uint8Array | undefined) {
  const bus = memoryBus();
  const questions: AccessQuestion[] = [];
  let now = 0;
  bus.subscribe(subjects.access, (payload, reply) => {
    const question = AccessQuestion.decode(payload);
    questions.push(question);
    const made = answer(question);
    if (made !== undefined) reply?.(made instanceof Uint8Array ? made : AccessAnswer.encode(AccessAnswer.fromPartial(made)).finish());
  });
  const asked = vi.fn();
  const authenticate = createAccess({ bus, clock: () => now, patience: 50, answers: 10, asked, failed: () => undefined });
  const show = (text: string, source = '192.0.2.1:5') =>
    authenticate({ authorization: [`Bearer ${text}`], source, certificate: undefined });
  return {
    bus,
    questions,
    asked,
    show,
    authenticate,
    pass(ms: number) {
      now += ms;
    },
  };
}

describe('nobody is let in', () => {
  it.each<[string, Partial<AccessAnswer>]>([
    ['a scope that is none', { scope: 'admin' }],
    ['a member without a name', { scope: 'member' }],
    ['a refusal', { refused: 'It was revoked.' }],
    ['nothing', {}],
  ])('by %s', async (_what, answer) => {
    const { show } = access(() => answer);
    expect(await show(token(1))).toEqual({ refused: expect.stringMatching(/\.$/) });
  });

  it('by what is no answer, by silence, and while NATS is away: then it is said so', async () => {
    const unavailable = { because: 'unavailable', refused: expect.any(String), cure: expect.any(String) };
    expect(await access(() => Buffer.from([0x0a, 0xff])).show(token(1))).toEqual(unavailable);
    expect(await access(() => undefined).show(token(1))).toEqual(unavailable);
    const away = access(() => ({ scope: 'operator', holdsFor: 1000 }));
    expect(await away.show(token(1))).toMatchObject({ caller: { scope: 'operator' } });
    away.bus.setConnected(false);
    expect(await away.show(token(1))).toMatchObject({ caller: { scope: 'operator' } });
    expect(await away.show(token(2))).toEqual(unavailable);
    away.pass(1001);
    expect(await away.show(token(1))).toEqual(unavailable);
  });

  it('who makes tokens up, one after the other; who is known is not kept out by that', async () => {
    const { show, questions, pass } = access(({ tokenId }) => (tokenId.endsWith('01') ? { scope: 'operator', holdsFor: 1000 } : {}));
    expect(await show(token(1))).toMatchObject({ caller: {} });
    for (let id = 0x100; id < 0x200; id += 1) await show(token(id * 2));
    expect(await show(token(0x777))).toMatchObject({ because: 'limit' });
    expect(questions.length).toBeLessThan(60);
    pass(1001);
    await show(token(0x778));
    expect(await show(token(1))).toMatchObject({ caller: {} });
    expect(await show(token(0x779), '192.0.2.2:5')).toEqual({ refused: expect.any(String) });
  });

  it('once it was refused, though it was known before; and answers are kept for seconds at most', async () => {
    let answer: Partial<AccessAnswer> = { scope: 'dashboard', who: 'token x', holdsFor: 4_000_000 };
    const { show, pass, questions } = access(() => answer);
    expect(await show(token(1))).toEqual({ caller: { scope: 'dashboard', member: '', by: 'token x', source: '192.0.2.1:5' }, hint: '' });
    answer = { refused: 'It was revoked.', holdsFor: 1000 };
    pass(4999);
    expect(await show(token(1))).toMatchObject({ caller: {} });
    pass(2);
    expect(await show(token(1))).toEqual({ refused: 'It was revoked.' });
    await show(token(1));
    expect(questions).toHaveLength(2);
  });
});

it('a question of many at once is asked once', async () => {
  const { show, questions } = access(() => ({ scope: 'member', member: 'acme', who: 'token x', holdsFor: 1000 }));
  const found = await Promise.all(Array.from({ length: 20 }, (_, port) => show(token(1), `192.0.2.1:${port}`)));
  expect(questions).toHaveLength(1);
  expect(found[19]).toMatchObject({ caller: { scope: 'member', member: 'acme', source: '192.0.2.1:19' } });
});
