import { describe, expect, it } from 'vitest';
import { fromBolt, overloaded, times } from './shedding.stage.js';
import { sip } from './sip.stage.js';

describe('the shares of an overloaded hub', () => {
  it('takes no more from two that are not read than from one', async () => {
    const { path, acme, bolt } = await overloaded();
    const flood = (): void => {
      for (const _ of times(200)) path.take(sip(), acme);
      for (const _ of times(200)) path.take(sip(fromBolt), bolt);
    };
    const rate = path.shedding.gauges.rate();
    flood();
    expect([acme.held, bolt.held]).toEqual([true, true]);
    // A late window: what was asked in it is less than what is due for it, and yet no sign that anything is left over.
    for (const wire of [acme, bolt]) wire.member.asked = 1;
    path.state.now += 180;
    path.shedding.tick(path.state.now);
    expect(acme.member.share).toBe(bolt.member.share);
    expect(acme.member.share * 2).toBeCloseTo(path.shedding.gauges.rate() / 10);
    expect(path.shedding.gauges.rate()).toBeLessThan(rate * 1.1);
  });

  it('goes on shedding while somebody is not read, however little that one could ask for', async () => {
    const { path, acme } = await overloaded();
    path.state.lag = 0;
    for (const _ of times(10)) {
      for (const _ of times(200)) path.take(sip(), acme);
      expect(acme.held).toBe(true);
      acme.member.asked = 1;
      path.state.now += 100;
      path.shedding.tick(path.state.now);
    }
    expect(path.shedding.gauges.state()).toBe('shedding');
  });

  it('hands out a share in parts, and what was saved of a higher one is not handed out after a fall', async () => {
    const { path, acme, send } = await overloaded();
    send();
    const { share } = acme.member;
    const held: boolean[] = [];
    for (const _ of times(3)) {
      const before = acme.member.allowance;
      path.state.now += 25;
      path.shedding.tick(path.state.now);
      expect(acme.member.allowance - before).toBeCloseTo(share / 4);
      held.push(acme.held);
    }
    expect(held).toEqual([false, false, false]);
    expect(acme.member.shedNow).toBe(44);

    acme.member.allowance = 2 * share;
    path.state.lag = 400;
    for (const _ of times(12)) {
      acme.member.asked = 1_000;
      path.state.now += 100;
      path.shedding.tick(path.state.now);
      if (acme.member.share < share) break;
    }
    expect(acme.member.share).toBeLessThan(share);
    expect(acme.member.allowance).toBeLessThanOrEqual(acme.member.share * 1.5);
  });
});
