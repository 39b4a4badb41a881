import { isReasonCode, reasons } from '@guildhall/proto/reason';
import { describe, expect, it } from 'vitest';
import { Failure, losses, lossOf } from './failover.js';

const { unreachable, untrusted, overloaded } = Failure;

describe('what a sender is told when no proxy is left', () => {
  it.each([
    [0, 'member-unreachable', 'bolt has no connection to the hub at the moment'],
    [unreachable, 'member-unreachable', 'no proxy of bolt could be reached'],
    [untrusted, 'member-untrusted', 'the proxy of bolt did not prove who it is: its certificate was not accepted'],
    [untrusted | unreachable, 'member-unreachable', 'no proxy of bolt could be reached'],
    [overloaded, 'member-overloaded', 'the proxies of bolt answered 503'],
    [overloaded | unreachable, 'member-overloaded', 'the proxies of bolt answered 503, and the others could not be reached'],
  ])('bits %i: %s', (bits, code, sentence) => {
    expect(lossOf('bolt', bits)).toEqual({ code, sentence });
  });

  it('is never a 503: that would be the hub’s', () => {
    for (let bits = 0; bits < 8; bits += 1) expect(reasons[lossOf('bolt', bits).code].status).toBe(500);
    for (const loss of [losses.queueFull('bolt'), losses.badAnswer('bolt'), losses.shut('bolt')])
      expect(reasons[loss.code].status).not.toBe(503);
  });

  it('is in the table', () => {
    for (const loss of Object.values(losses)) expect(isReasonCode((typeof loss === 'function' ? loss('bolt') : loss).code)).toBe(true);
  });
});
