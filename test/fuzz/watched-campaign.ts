import { Worker } from 'node:worker_threads';
import type { Campaign, CampaignBounds } from './campaign.js';

/** What a campaign's thread is given. */
export interface ThreadOrder {
  readonly target: string;
  readonly bounds: Omit<CampaignBounds, 'until'> & { readonly ms: number };
  /** Two 32-bit numbers, how many inputs were begun and the length of the last, then its bytes. */
  readonly shared: SharedArrayBuffer;
}

/** What came of it: the campaign, or the input at which it stood still. */
export type Watched =
  | { readonly kind: 'done'; readonly campaign: Campaign }
  | { readonly kind: 'stuck'; readonly executions: number; readonly input: Buffer };

/** Longest input that can be told if a target never comes back from it. */
export const mostShared = 64 * 1024;
/** A single input may take so long, ms. */
const patience = 10_000;

/** Runs a campaign in a thread of its own, so that an input without end is found too. Rejects where the thread dies. */
export function watchedCampaign(target: string, bounds: ThreadOrder['bounds']): Promise<Watched> {
  const shared = new SharedArrayBuffer(8 + mostShared);
  const numbers = new Int32Array(shared, 0, 2);
  const order: ThreadOrder = { target, bounds, shared };
  const worker = new Worker(new URL('./campaign-thread.js', import.meta.url), { workerData: order });
  return new Promise((resolve, reject) => {
    let before = -1;
    const timer = setInterval(() => {
      const executions = Atomics.load(numbers, 0);
      if (executions !== before || executions === 0) {
        before = executions;
        return;
      }
      clearInterval(timer);
      const input = Buffer.from(new Uint8Array(shared, 8, Atomics.load(numbers, 1)));
      void worker.terminate();
      resolve({ kind: 'stuck', executions, input });
    }, patience);
    worker.once('message', (campaign: Campaign) => {
      clearInterval(timer);
      resolve({ kind: 'done', campaign });
    });
    worker.once('error', (error) => {
      clearInterval(timer);
      reject(error);
    });
  });
}
