import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Membership } from '../decision/membership.js';
import type { AccessTokens } from './access-tokens.js';
import type { Audit } from './audit.js';

/** What ending tokens takes. */
export interface GoneNeeds {
  readonly tokens: Pick<AccessTokens, 'list' | 'revoke'>;
  /** What cannot be written there is not done. */
  readonly audit: Pick<Audit, 'write'>;
  wall(): Date;
  failed(what: string, thrown: unknown): void;
}

const why = 'its member is gone';
const by = 'policy';

/**
 * Ends the tokens and invitations of members that are no more, so that whoever gets their id later does not share its half with who had it
 * before. To be called with every membership that comes into force; the first tells who is not there, each other one who has left.
 */
export function endTokensOfTheGone({ tokens, audit, wall, failed }: GoneNeeds): (membership: Membership | undefined) => void {
  let known: Membership['members'] | undefined;
  let work: Promise<void> = Promise.resolve();

  const revoke = async (id: string): Promise<void> => {
    const fact = { who: by, source: '', method: 'tokens', subject: `token ${id}`, why, detail: '', version: 0n, begun: 0n };
    const begun = await audit.write({ ...fact, when: wall().toISOString(), outcome: 'begun' });
    const outcome = await tokens.revoke(id, why, by).then(
      () => 'done',
      (thrown: unknown) => {
        // Another instance was faster.
        if (thrown instanceof ApiFault && thrown.code === 'conflict') return 'done';
        failed('ending a token of a member that is gone', thrown);
        return 'failed';
      },
    );
    await audit.write({ ...fact, when: wall().toISOString(), outcome, begun });
  };
  const end = async (isGone: (member: string) => boolean): Promise<void> => {
    for (const { id, scope } of await tokens.list(false)) {
      const [, member = ''] = scope.split(':');
      if (member !== '' && isGone(member)) await revoke(id);
    }
  };

  return (membership) => {
    if (membership === undefined) return;
    const before = known;
    const { members } = membership;
    known = members;
    if (before === members) return;
    if (before !== undefined && [...before.keys()].every((id) => members.has(id))) return;
    const isGone = (id: string) => !members.has(id) && before?.has(id) !== false;
    work = work.then(() => end(isGone)).catch((thrown: unknown) => failed('ending tokens of members that are gone', thrown));
  };
}
