import type { Bus } from '@guildhall/chassis/bus';
import { askPolicy } from '@guildhall/chassis/bus-ask';
import { Ask, TokenKeysRequest } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import type { Events } from './events.js';
import type { TokenKeyRing } from './token-keys.js';

/** What ingress asks policy, again when the one that was asked is silent; every promise rejects when there is no answer in time. */
export interface PolicyQuestions {
  /** `trace`: the `traceparent` of whom it is asked for, or ''. */
  verdict(ask: Ask, trace: string): Promise<Uint8Array>;
  trust(question: Uint8Array): Promise<Uint8Array>;
  tokenKeys(): Promise<Uint8Array>;
}

/**
 * `timeout` is ms for each question; a verdict asked for while NATS is away may take `away` longer, as its requests wait so long for NATS. For
 * `timeout` ms (of `clock`) after NATS came back policy may still be on its way to it: that nobody takes the question is no answer then.
 */
export function createPolicyQuestions(
  bus: Pick<Bus, 'request' | 'connected' | 'onConnected'>,
  timeout: number,
  away: number,
  clock: () => number,
): PolicyQuestions {
  let cameBack = Number.NEGATIVE_INFINITY;
  bus.onConnected((up) => {
    if (up) cameBack = clock();
  });
  const patience = (): number => (bus.connected() ? timeout : timeout + away);
  const whenAlone = (): 'wait' | 'refuse' => (clock() - cameBack < timeout ? 'wait' : 'refuse');
  return {
    verdict: (ask, trace) => askPolicy(bus, subjects.ask, Ask.encode(ask).finish(), patience(), whenAlone(), trace),
    trust: (question) => askPolicy(bus, subjects.trust, question, timeout),
    tokenKeys: () => askPolicy(bus, subjects.tokenKeys, TokenKeysRequest.encode({}).finish(), timeout),
  };
}

/** Keeps the key ring as policy has it: `refresh` asks, one question at a time, and logs only what changed. */
export function createKeyKeeper(ring: TokenKeyRing, ask: () => Promise<Uint8Array>, events: Events): { refresh(): Promise<void> } {
  let asking: Promise<void> | undefined;
  let failing = false;
  const refresh = async (): Promise<void> => {
    const before = ring.newest();
    try {
      if (!ring.learn(await ask())) throw new Error('policy gave no key');
      if (ring.newest() !== before) events.keysLearned(ring.newest());
      failing = false;
    } catch (error) {
      if (!failing) events.keysFailed(error);
      failing = true;
    }
  };
  return {
    refresh() {
      asking ??= refresh().finally(() => {
        asking = undefined;
      });
      return asking;
    },
  };
}
