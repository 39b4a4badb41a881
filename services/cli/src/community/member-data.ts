import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Fault } from '@guildhall/chassis/fault';
import { hostPort } from '@guildhall/chassis/host-port';
import type { GetMemberResponse, PartnerCard } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { ApiOptions } from '../api/api-options.js';
import { jsonLine } from '../api/plain-json.js';
import { withHub } from '../api/with-hub.js';
import { factLines } from '../table.js';
import { styled, terminalText, type World } from '../world.js';
import { readTrouble } from './certificate-check.js';
import { memberOrOwn } from './member-show.js';
import { proxyText } from './proxy-text.js';

/** Options of `member data`. */
export interface DataOptions extends ApiOptions {
  readonly out?: string;
}

/** One file of a member's generated data: its path below the folder, and its text. */
export interface DataFile {
  readonly path: string;
  readonly text: string;
}

/** An id of the hub as part of a file name: nothing in it may leave the folder. */
function fileName(id: string): string {
  if (/^[a-z0-9-]{1,63}$/.test(id)) return id;
  throw new Fault('hub-failed', `the hub names a member ${terminalText(id, 80)}, which is no id`, { cure: 'look at the log of policy' });
}

/** What a member's proxy needs as files: whom to trust, what is revoked, and the doors of the hub and of its direct partners. */
function dataFiles({ hub, partners }: GetMemberResponse): DataFile[] {
  const pems = (path: string, texts: readonly string[]): DataFile[] => (texts.length === 0 ? [] : [{ path, text: texts.join('') }]);
  const doors = {
    hub: hub && { domain: hub.domain, listeners: hub.listeners },
    partners: partners.map(({ member, name, domains, proxies, lookup, pins }) => ({ member, name, domains, proxies, lookup, pins })),
  };
  return [
    { path: 'doors.json', text: `${JSON.stringify(doors, null, 2)}\n` },
    ...pems('hub-authorities.crt', hub?.anchors ?? []),
    ...pems('hub-revoked.crl', hub?.revocationLists ?? []),
    ...partners.flatMap(({ member, anchors, revocationLists }) => [
      ...pems(join('partners', `${fileName(member)}.crt`), anchors),
      ...pems(join('partners', `${fileName(member)}.crl`), revocationLists),
    ]),
  ];
}

function writeFiles(folder: string, files: readonly DataFile[], cwd: string): void {
  const base = resolve(cwd, folder);
  try {
    mkdirSync(join(base, 'partners'), { recursive: true });
    for (const { path, text } of files) writeFileSync(join(base, path), text);
  } catch (thrown) {
    throw new Fault('usage', `--out ${folder}: ${readTrouble(thrown)}`, {
      cure: 'give a folder you may write',
      exitCode: 2,
      cause: thrown,
    });
  }
}

function partnerLines({ member, name, domains, proxies, lookup, pins, anchors }: PartnerCard, color: boolean): string[] {
  return [
    `${styled(terminalText(member, 80), 'bold', color)} ${terminalText(name, 120)}`,
    ...factLines(
      [
        ['domains', domains],
        ['proxies', proxies.map(proxyText)],
        ['found by DNS', lookup],
        ['pins', pins],
        ['authorities', anchors.length === 0 ? '' : String(anchors.length)],
      ],
      color,
    ),
  ];
}

/** `guildhall member data [ID]`: what the member's own proxy must know of the hub and of its direct partners. Resolves to 0. Throws a Fault. */
export async function memberData(id: string | undefined, options: DataOptions, world: World): Promise<number> {
  const { terminal } = world;
  const answer = await withHub(options, world, async (api) => api.membership.getMember({ id: await memberOrOwn(api, id) }));
  const files = dataFiles(answer);
  if (options.out !== undefined) writeFiles(options.out, files, world.cwd);
  const { hub, partners, version } = answer;
  if (options.json) {
    terminal.out(jsonLine({ hub, partners, version, ...(options.out === undefined ? {} : { files: files.map(({ path }) => path) }) }));
    return 0;
  }
  const color = terminal.colorOut;
  terminal.out(`${styled('hub', 'bold', color)} ${terminalText(hub?.domain ?? '', 300)}`);
  const listeners = (hub?.listeners ?? []).map(({ name, host, port, advertisedHost, advertisedPort }) => {
    return `${name}: ${hostPort(advertisedHost || host, advertisedPort || port)}`;
  });
  const facts: readonly (readonly [string, string | readonly string[]])[] = [
    ['listeners', listeners],
    ['authorities', String(hub?.anchors.length ?? 0)],
    ['revocation lists', String(hub?.revocationLists.length ?? 0)],
  ];
  for (const line of factLines(facts, color)) terminal.out(line);
  for (const partner of partners) for (const line of partnerLines(partner, color)) terminal.out(line);
  if (partners.length === 0) terminal.out('no direct partners');
  if (options.out === undefined) terminal.talk('--out DIR writes the certificates and doors as files');
  else for (const { path } of files) terminal.talk(`wrote ${join(options.out, path)}`);
  return 0;
}
