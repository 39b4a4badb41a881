import { Fault } from '@guildhall/chassis/fault';
import type { Member } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import type { GetMemberResponse, StoredMember } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { ApiOptions } from '../api/api-options.js';
import type { HubApi } from '../api/hub-api.js';
import { jsonLine } from '../api/plain-json.js';
import { withHub } from '../api/with-hub.js';
import { shownInstant } from '../instant-text.js';
import { type Column, factLines, tableLines } from '../table.js';
import { styled, terminalText, type World } from '../world.js';
import { proxyText } from './proxy-text.js';

/** Which members to list. */
export interface ListOptions extends ApiOptions {
  readonly status?: string;
  readonly role?: string;
  readonly group?: string;
}

type Style = 'green' | 'yellow' | 'red';

/** How a member's status looks. */
function statusStyle(status: string): Style {
  if (status === 'active') return 'green';
  return status === 'quarantined' ? 'red' : 'yellow';
}

/** "quarantined until 2027-01-31 00:00:00Z: reason". */
export function statusText({ status, statusReason, statusUntil }: Member): string {
  const until = statusUntil === '' ? '' : ` until ${shownInstant(statusUntil)}`;
  return `${status}${until}${statusReason === '' ? '' : `: ${statusReason}`}`;
}

function reached({ proxies, lookup }: Member): string {
  if (lookup !== '') return `DNS ${lookup}`;
  return proxies.length === 0 ? 'dials in' : proxies.map(proxyText).join(' ');
}

const columns: readonly Column<Member>[] = [
  { title: 'ID', text: ({ id }) => id },
  { title: 'NAME', text: ({ name }) => name },
  { title: 'ROLE', text: ({ role }) => role },
  { title: 'STATUS', text: statusText, style: ({ status }) => statusStyle(status) },
  { title: 'DOMAINS', text: ({ domains }) => domains.join(' ') },
  { title: 'REACHED BY', text: reached },
  { title: 'GROUPS', text: ({ groups }) => groups.join(' ') },
];

/** All members that fit, page by page. */
async function everyMember(api: HubApi, { status = '', role = '', group = '' }: ListOptions): Promise<StoredMember[]> {
  const found: StoredMember[] = [];
  let after = '';
  do {
    const page = await api.membership.listMembers({ status, role, group, after, limit: 0 });
    found.push(...page.members);
    // A hub that names the same page again would keep us for ever.
    after = page.next === after ? '' : page.next;
  } while (after !== '');
  return found;
}

/** `guildhall member list`. Resolves to 0. */
export async function listMembers(options: ListOptions, world: World): Promise<number> {
  const { terminal } = world;
  const found = await withHub(options, world, (api) => everyMember(api, options));
  if (options.json) terminal.out(jsonLine({ members: found }));
  else {
    const members = found.flatMap(({ member }) => (member === undefined ? [] : [member]));
    const used = columns.filter(({ title }) => title !== 'GROUPS' || members.some(({ groups }) => groups.length > 0));
    for (const line of tableLines(used, members, 'no members', terminal)) terminal.out(line);
  }
  return 0;
}

/** The member named, or the one whose token or certificate asks. Throws a Fault `usage` where nobody is named and the caller is no member. */
export async function memberOrOwn(api: HubApi, id: string | undefined): Promise<string> {
  if (id !== undefined) return id;
  const { scope } = await api.access.whoAmI({});
  if (scope.startsWith('member:')) return scope.slice('member:'.length);
  throw new Fault('usage', `you are known as ${terminalText(scope, 80)}, which is no member`, {
    cure: 'name the member: guildhall member list shows them',
    exitCode: 2,
  });
}

/** The stored member of an answer. Throws a Fault: a hub that answers without one is of another kind. */
export function storedMember({ member }: Pick<GetMemberResponse, 'member'>): { member: Member; revision: bigint } & StoredMember {
  const inner = member?.member;
  if (member !== undefined && inner !== undefined) return { ...member, member: inner };
  throw new Fault('hub-failed', 'the hub answered without the member', { cure: 'look at the log of policy' });
}

function print(answer: GetMemberResponse, world: World): void {
  const { terminal } = world;
  const { member, revision, who, when, why } = storedMember(answer);
  terminal.out(`${styled(terminalText(member.id, 80), 'bold', terminal.colorOut)} ${terminalText(member.name, 120)}`);
  const facts: readonly (readonly [string, string | readonly string[]])[] = [
    ['status', statusText(member)],
    ['role', member.role],
    ['domains', member.domains],
    ['groups', member.groups.join(' ')],
    ['proxies', member.proxies.map(proxyText)],
    ['found by DNS', member.lookup],
    ['pins', member.pins],
    ['own authorities', member.anchors.length === 0 ? '' : `${member.anchors.length} (--json shows them)`],
    ['own revocation lists', member.revocationLists.length === 0 ? '' : String(member.revocationLists.length)],
    ['common name', member.acceptCommonName ? 'accepted' : ''],
    ['listener', member.interface],
    ['below', member.below.join(', ')],
    ['dialect', member.dialect === 'standard' ? '' : member.dialect],
    ['agreements', answer.agreements.map(({ agreement, state }) => agreementText(member.id, agreement, state))],
    [
      'last change',
      `revision ${revision} by ${who || 'unknown'}${when === '' ? '' : ` at ${shownInstant(when)}`}${why === '' ? '' : `: ${why}`}`,
    ],
  ];
  for (const line of factLines(facts, terminal.colorOut)) terminal.out(line);
}

function agreementText(id: string, agreement: GetMemberResponse['agreements'][number]['agreement'], state: string): string {
  if (agreement === undefined) return '';
  const partner = agreement.first === id ? agreement.second : agreement.first;
  return `with ${partner}: ${state}, ${agreement.mode}${agreement.validUntil === '' ? '' : `, until ${shownInstant(agreement.validUntil)}`}`;
}

/** `guildhall member show [ID]`. Resolves to 0. */
export async function showMember(id: string | undefined, options: ApiOptions, world: World): Promise<number> {
  const answer = await withHub(options, world, async (api) => api.membership.getMember({ id: await memberOrOwn(api, id) }));
  if (options.json) world.terminal.out(jsonLine({ ...answer }));
  else print(answer, world);
  return 0;
}
