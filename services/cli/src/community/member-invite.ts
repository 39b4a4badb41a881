import { Fault } from '@guildhall/chassis/fault';
import type { ChangeOptions } from '../api/api-options.js';
import { tellDryRun } from '../api/change-report.js';
import { jsonLine } from '../api/plain-json.js';
import { keepSecret } from '../api/secret-file.js';
import { withHub } from '../api/with-hub.js';
import { shownInstant, spanOf } from '../instant-text.js';
import { styled, terminalText, type World } from '../world.js';

/** Options of `member invite`. */
export interface InviteOptions extends ChangeOptions {
  readonly expires?: string;
  readonly certName?: readonly string[];
  readonly out?: string;
}

/** `guildhall member invite ID`: prints a one-time token, and how the member uses it. Resolves to 0. Throws a Fault. */
export async function invite(member: string, options: InviteOptions, world: World): Promise<number> {
  const { terminal } = world;
  const request = {
    member,
    expiresMs: options.expires === undefined ? 0n : spanOf(options.expires, '--expires'),
    why: options.why ?? '',
    names: [...(options.certName ?? [])],
  };
  if (options.dryRun) {
    const { issues } = await withHub(options, world, async (api) => {
      await api.membership.getMember({ id: member });
      return api.authority.getAuthority({});
    });
    if (!issues) {
      throw new Fault('precondition', 'this hub issues no certificates: it has no authority of its own, or its key is kept elsewhere', {
        cure: 'make one with guildhall ca init, or sign requests with guildhall ca sign',
      });
    }
    return tellDryRun({ member, names: request.names }, `would invite ${terminalText(member, 80)}`, options, world);
  }
  const { invited, domain } = await withHub(options, world, async (api) => {
    // The member's own domain makes the line below one to copy.
    const { member: stored } = await api.membership.getMember({ id: member });
    return { invited: await api.authority.invite(request), domain: stored?.member?.domains[0] ?? 'DOMAIN' };
  });
  const { out } = options;
  const { token, ...rest } = invited;
  if (out !== undefined) keepSecret(out, token, world);
  if (options.json) {
    terminal.out(jsonLine({ member, ...rest, ...(out === undefined ? { token } : { file: out }) }));
    return 0;
  }
  if (out === undefined) terminal.out(terminalText(token, 1000));
  const where = out === undefined ? 'It is not shown again' : `It stands in ${out}`;
  terminal.talk(`This token is for ${terminalText(member, 80)}, works once, and ends ${shownInstant(invited.expires)}. ${where}.`);
  terminal.talk('The member puts it into a file on its own machine and runs there:');
  const url = invited.url === '' ? 'https://HUB:PORT' : terminalText(invited.url, 300);
  const join = `  guildhall join --hub ${url} --token-file ${out ?? 'FILE'} --domain ${terminalText(domain, 300)} --out DIR`;
  terminal.talk(styled(join, 'cyan', terminal.colorTalk));
  if (invited.authoritySha256 !== '') terminal.talk(`SHA-256 of the hub's authority: ${terminalText(invited.authoritySha256, 100)}`);
  return 0;
}
