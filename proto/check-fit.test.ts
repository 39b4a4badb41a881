import { describe, expect, it } from 'vitest';
import { checkFits, type RequestFacts } from './check-fit.js';
import { Check, VerdictAction } from './gen/guildhall/bus/v1/ask.js';

const facts = (user: string): RequestFacts => ({
  fromUser: () => user,
  toUser: () => user,
  fromDomain: () => 'acme.example',
  toDomain: () => 'acme.example',
  media: () => [],
  bodyTypes: () => [],
  bodyBytes: () => 0,
});
const fits = (user: string, action: VerdictAction) => [
  checkFits(Check.fromPartial({ action, fromUser: 'Ada@acme.example' }), facts(user)),
  checkFits(Check.fromPartial({ action, toUser: 'Ada@acme.example' }), facts(user)),
];

describe('a rule about one user', () => {
  it.each(['ada@acme.example', 'ADA@acme.example', 'Ada;x=y@acme.example'])('refuses whoever could be for the same: %s', (user) => {
    expect(fits(user, VerdictAction.REFUSE)).toEqual([true, true]);
    expect(fits(user, VerdictAction.FORWARD)).toEqual([false, false]);
  });

  it.each(['', 'adah@acme.example', 'ada@bolt.example', 'ada@x@acme.example', ';x@acme.example'])('is not about %s', (user) => {
    expect(fits(user, VerdictAction.REFUSE)).toEqual([false, false]);
  });

  it('lets pass the one it names', () => {
    expect(fits('Ada@acme.example', VerdictAction.FORWARD)).toEqual([true, true]);
  });
});

describe('a rule about a receiver, within a dialog,', () => {
  const dialled = (user: string, domain: string): RequestFacts => ({ ...facts('bob@acme.example'), dialled: () => ({ user, domain }) });
  const { REFUSE, FORWARD } = VerdictAction;

  it('refuses by the address to which it goes too, and allows by To alone', () => {
    const secret = dialled('ada@acme.example', 'lab.acme.example');
    const byUser = (action: VerdictAction) => checkFits(Check.fromPartial({ action, toUser: 'ada@acme.example' }), secret);
    const byDomain = (action: VerdictAction) => checkFits(Check.fromPartial({ action, toDomain: 'lab.acme.example' }), secret);
    expect([byUser(REFUSE), byDomain(REFUSE), byUser(FORWARD), byDomain(FORWARD)]).toEqual([true, true, false, false]);
    expect(checkFits(Check.fromPartial({ action: REFUSE, toUser: 'ada@acme.example' }), dialled('', ''))).toBe(false);
  });
});
