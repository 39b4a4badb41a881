import { describe, expect, it } from 'vitest';
import { Fault, faultFrom, renderFault } from './fault.js';

describe('a fault', () => {
  it('is made from anything that was thrown', () => {
    const fault = new Fault('x', 'it broke', { cure: 'mend it', exitCode: 3 });
    expect(faultFrom(fault)).toBe(fault);
    expect(faultFrom(new Error('boom'))).toMatchObject({ code: 'unexpected', message: 'boom', exitCode: 1 });
    expect(faultFrom('text').message).toBe('text');
    expect(faultFrom(undefined).message).toBe('undefined');
    const cause = new Error('');
    expect(faultFrom(cause)).toMatchObject({ message: 'Error', cause });
  });

  it('reads as message and cure, without a stack', () => {
    const fault = new Fault('x', 'it broke', { cure: 'mend it', cause: new Error('inner') });
    expect(renderFault(fault)).toBe('guildhall: it broke\n  cure: mend it');
    expect(fault.exitCode).toBe(1);
  });
});
