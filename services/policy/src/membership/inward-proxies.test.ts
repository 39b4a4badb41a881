import { Member, MemberProxy } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { SetMemberTrustRequest } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { describe, expect, it } from 'vitest';
import { refuseInwardProxies } from './inward-proxies.js';
import { caller, fileContent, openMembershipStage } from './membership.stage.js';

const proxy = (host: string) => MemberProxy.fromPartial({ host, port: 5061 });
const memberWith = (...hosts: string[]) => Member.fromPartial({ id: 'acme', proxies: hosts.map(proxy) });

describe('a member does not point the hub at itself', () => {
  it.each([
    '127.0.0.1',
    '127.8.0.1',
    '0.0.0.0',
    '169.254.169.254',
    '224.0.0.1',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    'fe80::1',
    'LocalHost',
    'x.localhost',
  ])('%s', (host) => {
    expect(() => refuseInwardProxies(memberWith('192.0.2.1'), [proxy('192.0.2.1'), proxy(host)])).toThrow(/the hub's own machine/);
    expect(() => refuseInwardProxies(memberWith('127.0.0.1'), [proxy(host)])).not.toThrow();
  });

  it.each(['192.0.2.1', '10.0.0.1', 'sip.acme.example', '2001:db8::1', '::ffff:192.0.2.1', 'localhost.example'])(
    '%s is its own affair',
    (host) => {
      expect(() => refuseInwardProxies(memberWith(), [proxy(host)])).not.toThrow();
    },
  );

  it('by the API; an operator may', async () => {
    const stage = await openMembershipStage(fileContent({ members: '[{ id: acme, domains: [acme.test] }]' }));
    const { member } = await stage.api.getMember({ id: 'acme' }, caller('operator'));
    const request = SetMemberTrustRequest.fromPartial({ id: 'acme', expected: member?.revision ?? 0n, proxies: [proxy('127.0.0.1')] });
    await expect(stage.api.setMemberTrust(request, caller('member', 'acme'))).rejects.toMatchObject({ code: 'denied' });
    await expect(stage.api.setMemberTrust(request, caller('operator'))).resolves.toBeDefined();
    stage.close();
  });
});
