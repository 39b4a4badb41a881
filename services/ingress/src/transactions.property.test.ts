import fc from 'fast-check';
import { expect, it } from 'vitest';
import { messagePath } from './path.stage.js';
import { unanswered } from './server-transaction.js';
import { sip } from './sip.stage.js';

/** What happens next; `at` is one of the requests so far. */
const happening = fc.oneof(
  fc.record({
    kind: fc.constant('request' as const),
    method: fc.constantFrom('INVITE', 'MESSAGE', 'SUBSCRIBE'),
    wire: fc.nat(1),
    known: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('say' as const), at: fc.nat(20), method: fc.constantFrom('', 'ACK', 'CANCEL') }),
  fc.record({ kind: fc.constant('respond' as const), at: fc.nat(20), status: fc.constantFrom(180, 200, 302, 408, 487, 503, 600) }),
  fc.record({ kind: fc.constant('lose' as const), at: fc.nat(20) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 3_600, 26_000, 33_000, 201_000) }),
  fc.record({ kind: fc.constantFrom('relays' as const, 'bus' as const, 'verdicts' as const, 'overload' as const) }),
);

/** A path on which things happen to requests of acme's. */
function play() {
  const path = messagePath({ inFlightPerPair: 4, inFlightPerConnection: 8 }, { floor: 1 });
  const { state, transactions, responses } = path;
  const [one, two] = [path.wire('acme'), path.wire('acme')];
  const said: { text: string; wire: typeof one }[] = [];
  const { relays } = state;
  const open = () => [...transactions.all()].filter((transaction) => unanswered(transaction.state));
  const wait = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 20_000) await path.pass(state.now + Math.min(left, 20_000));
  };
  const verdicts = async (): Promise<void> => {
    for (const ask of path.asks.splice(0)) await (ask.ask.target?.value === 'cliff.example' ? ask.fail() : ask.answer({}));
  };
  const happen = async (what: typeof happening extends fc.Arbitrary<infer One> ? One : never): Promise<void> => {
    const of = 'at' in what && said.length > 0 ? what.at % said.length : -1;
    const known = said[of];
    const transaction = [...transactions.all()].find(({ key }) => key.endsWith(` z9hG4bKp${of}`));
    switch (what.kind) {
      case 'request': {
        const uri = what.known ? 'sip:b@bolt.example' : 'sip:c@cliff.example';
        const wire = what.wire === 0 ? one : two;
        const text = sip({ method: what.method, branch: `z9hG4bKp${said.length}`, uri });
        said.push({ text, wire });
        path.take(text, wire);
        return;
      }
      case 'say': {
        const { text, wire } = known ?? {};
        if (text !== undefined && wire !== undefined)
          path.take(what.method === '' ? text : text.replaceAll(/INVITE|MESSAGE|SUBSCRIBE/g, what.method), wire);
        return;
      }
      case 'respond': {
        const bytes = Buffer.from(`SIP/2.0 ${what.status} So\r\nContent-Length: 0\r\n\r\n`);
        if (transaction !== undefined) responses.pass(transaction, what.status, bytes, 0, bytes.length, state.now);
        return;
      }
      case 'lose':
        if (transaction !== undefined) responses.refuse(transaction, 500, 'member-unreachable', 'it is gone', state.now);
        return;
      case 'wait':
        return wait(what.ms);
      case 'relays':
        state.relays = state.relays.length === 0 ? relays : [];
        return;
      case 'bus':
        state.up = !state.up;
        return;
      case 'verdicts':
        return verdicts();
      case 'overload':
        state.lag = state.lag === 0 ? 400 : 0;
        for (let tick = 0; tick < 3; tick += 1) {
          state.now += 100;
          path.shedding.tick(state.now);
        }
    }
  };
  const towards = () => {
    const counts: Record<string, number> = {};
    for (const { target } of open()) if (target !== '') counts[target] = (counts[target] ?? 0) + 1;
    return counts;
  };
  return { path, one, two, open, wait, verdicts, happen, towards };
}

it('whatever happens to requests: what is in flight is counted right, for each pair too, and in the end nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 40 }), async (happenings) => {
      const { path, one, two, open, wait, verdicts, happen, towards } = play();
      const { member } = one;
      for (const what of happenings) {
        await happen(what);
        const count = open().length;
        expect([path.transactions.inFlight(), member.inFlight, one.inFlight + two.inFlight]).toEqual([count, count, count]);
        expect(member.transactions).toBe([...path.transactions.all()].filter(({ state }) => state !== 'accepted').length);
        expect(Object.fromEntries(member.towards)).toEqual(towards());
      }
      await verdicts();
      // Timer C, 64 * T1 for its CANCEL, and again for an ACK.
      await wait(400_000);
      expect([path.transactions.size(), path.requests.waiting()]).toEqual([0, 0]);
      expect([one.inFlight, two.inFlight, member.inFlight, member.transactions, member.towards.size]).toEqual([0, 0, 0, 0, 0]);
    }),
    { numRuns: 60 },
  );
});
