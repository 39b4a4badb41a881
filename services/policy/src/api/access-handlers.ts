import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { whoIs } from '@guildhall/chassis/api/caller';
import type { Membership } from '../decision/membership.js';
import type { AccessTokens } from './access-tokens.js';
import type { AccessHandlers } from './api-handlers.js';
import type { Audit } from './audit.js';

/** What the AccessService works with. */
export interface AccessNeeds {
  readonly tokens: AccessTokens;
  readonly audit: Pick<Audit, 'list'>;
  membership(): Membership | undefined;
}

/** Handlers of the AccessService. */
export function accessHandlers({ tokens, audit, membership }: AccessNeeds): AccessHandlers {
  return {
    async createToken({ scope, expiresMs, note }, caller) {
      const [kind, id = ''] = scope.split(':');
      if (kind === 'member' && membership()?.members.has(id) === false) {
        throw new ApiFault('not-found', `There is no member ${id.slice(0, 64)}.`, 'see guildhall member list');
      }
      return tokens.create({ kind: 'access', scope, note, createdBy: whoIs(caller), expiresMs: Number(expiresMs) });
    },
    async listTokens({ endedToo }) {
      return { tokens: await tokens.list(endedToo) };
    },
    async revokeToken({ id, why }, caller) {
      return { token: await tokens.revoke(id, why, whoIs(caller)) };
    },
    async whoAmI(_request, { scope, member, by }) {
      return { scope: scope === 'member' ? `member:${member}` : scope, by };
    },
    listAudit({ from, limit }, _caller, signal) {
      return audit.list(Number(from), limit === 0 ? Number.MAX_SAFE_INTEGER : limit, signal);
    },
  };
}
