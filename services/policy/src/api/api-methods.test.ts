import { AccessServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { AdminServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { AuthorityServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/authority_service';
import { MembershipServiceService } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { describe, expect, it } from 'vitest';
import { apiMethods, scopesByPath } from './api-methods.js';

const definitions = { ...AdminServiceService, ...MembershipServiceService, ...AuthorityServiceService, ...AccessServiceService };
const paths = Object.values(definitions).map(({ path }) => path);
const table = scopesByPath();

/** Methods that a scope may call, as "Service/Method". */
const openTo = (scope: string) =>
  [...table]
    .filter(([, who]) => who.some((one) => one === scope))
    .map(([path]) => path.replace('/guildhall.admin.v1.', ''))
    .sort();

describe('the table of methods', () => {
  it('says of every method of the API who may call it, and of no other', () => {
    expect([...table.keys()].sort()).toEqual([...paths].sort());
    expect(paths.length).toBeGreaterThan(30);
  });

  it('lets nobody in without credentials but to enrol, and to see what everybody may', () => {
    expect(openTo('nobody')).toEqual(['AuthorityService/Enrol', 'AuthorityService/GetAuthority']);
  });

  it('lets a member change its own half, and read what is told to it alone', () => {
    expect(openTo('member')).toEqual([
      'AccessService/WhoAmI',
      'AdminService/Explain',
      'AdminService/ListTurnedAway',
      'AuthorityService/Enrol',
      'AuthorityService/GetAuthority',
      'AuthorityService/ListCertificates',
      'AuthorityService/Renew',
      'AuthorityService/RevokeCertificate',
      'MembershipService/AcceptAgreement',
      'MembershipService/EndAgreement',
      'MembershipService/GetMember',
      'MembershipService/ListAgreements',
      'MembershipService/ListHistory',
      'MembershipService/ListMembers',
      'MembershipService/ProposeAgreement',
      'MembershipService/SetMemberTrust',
      'MembershipService/WatchMembership',
    ]);
  });

  it('lets a dashboard look, and change nothing', () => {
    const changing = Object.entries(apiMethods).flatMap(([service, methods]) =>
      Object.entries(methods)
        .filter(([, method]) => 'change' in method)
        .map(([name]) => `${service}/${name.charAt(0).toUpperCase()}${name.slice(1)}`),
    );
    expect(changing.length).toBeGreaterThan(15);
    expect(openTo('dashboard').filter((name) => changing.includes(name))).toEqual(['AuthorityService/Enrol']);
    expect(openTo('dashboard')).not.toContain('AccessService/ListTokens');
    expect(openTo('dashboard')).not.toContain('AccessService/ListAudit');
  });
});
