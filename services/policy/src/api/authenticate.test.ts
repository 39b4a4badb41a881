import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { Token } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { describe, expect, it } from 'vitest';
import { sampleMembership } from '../decision/sample-membership.js';
import { type Authentication, authenticate } from './authenticate.js';

const membership = sampleMembership({ members: '[{ id: acme, domains: [acme.example] }]' });
const standing = (given: Partial<Authentication> = {}): Authentication => ({
  tokens: { find: () => Promise.reject(new ApiFault('denied', 'This is no token of this hub.')) },
  operatorFile: (text) => text === 'operators',
  judge: () => ({ kind: 'nobody', why: 'test' }),
  membership: () => membership,
  ...given,
});
const shown = (authorization: readonly (string | Buffer)[], given?: Partial<Authentication>) =>
  authenticate({ authorization, source: '192.0.2.1:5', certificate: undefined }, standing(given));
const found = (scope: string, member = '') => ({
  tokens: { find: async () => ({ token: Token.fromPartial({ id: 'x', scope }), names: [], member }) },
});

describe('credentials are refused', () => {
  it.each<[string, readonly (string | Buffer)[]]>([
    ['two of them, though each were good', ['Bearer operators', 'Bearer operators']],
    ['bytes', [Buffer.from('Bearer operators')]],
    ['with something behind', ['Bearer operators ']],
    ['with something before', [' Bearer operators']],
    ['with a line end', ['Bearer operators\n']],
    ['two in one', ['Bearer operators,operators']],
    ['in another alphabet', ['Bearer оperators']],
    ['with a NUL', ['Bearer operators\0']],
    ['unknown', ['Bearer nobody']],
  ])('%s', async (_what, authorization) => {
    expect(await shown(authorization)).toEqual({ refused: expect.any(String) });
  });

  it.each([
    ['a scope that is none', found('admin')],
    ['a scope of a member without its id', found('member:')],
    ['a member that is gone', found('member:eve', 'eve')],
    ['a member while there is no membership', { ...found('member:acme', 'acme'), membership: () => undefined }],
  ])('of %s', async (_what, given) => {
    expect(await shown(['Bearer x'], given)).toEqual({ refused: expect.any(String) });
  });

  it('with an error of our own as such', async () => {
    const broken = { tokens: { find: () => Promise.reject(new TypeError('broken')) } };
    await expect(shown(['Bearer x'], broken)).rejects.toThrow('broken');
  });
});

describe('credentials', () => {
  it('say who calls', async () => {
    expect(await shown(['Bearer operators'])).toMatchObject({ caller: { scope: 'operator', source: '192.0.2.1:5' } });
    expect(await shown(['Bearer x'], found('member:acme', 'acme'))).toMatchObject({
      caller: { scope: 'member', member: 'acme', by: 'token x' },
    });
    expect(await shown(['Bearer x'], found('dashboard'))).toMatchObject({ caller: { scope: 'dashboard', member: '' } });
    expect(await shown([])).toMatchObject({ caller: { scope: 'nobody' }, hint: '' });
  });
});
