import { ApiFault, faultText } from '@guildhall/chassis/api/api-fault';
import { type Caller, whoIs } from '@guildhall/chassis/api/caller';
import type { Streaming, Unary } from '@guildhall/chassis/api/handlers';
import type { Limiter } from '@guildhall/chassis/api/limiter';
import type { AuditFact } from '@guildhall/chassis/audit-chain';
import { printable } from '@guildhall/proto/sip/escape';
import type { AccessTokens } from './access-tokens.js';
import type { ChangeFacts, MethodAccess } from './api-method.js';
import type { Audit } from './audit.js';

/** What stands between a caller and a handler. */
export interface Guard {
  unary<Request, Response>(
    name: string,
    access: MethodAccess<Request, Response>,
    handler: Unary<Request, Response>,
  ): Unary<Request, Response>;
  streaming<Request, Response>(
    name: string,
    access: MethodAccess<Request, Response>,
    handler: Streaming<Request, Response>,
  ): Streaming<Request, Response>;
}

/** What a guard needs. */
export interface GuardNeeds {
  readonly audit: Pick<Audit, 'write'>;
  readonly tokens: Pick<AccessTokens, 'find'>;
  wall(): Date;
  /** How many changes one caller may ask for, and how many refusals are audited. */
  readonly changes: Limiter;
  readonly refusals: Limiter;
  /** A call was refused. `audited`: it stands in the log; else there were too many, and it is only counted. */
  refused(name: string, caller: Caller, why: string, audited: boolean): void;
}

/** Characters of a subject, a reason and a detail in the log. */
const longest = { subject: 200, why: 500, detail: 500 } as const;

type Outcome = 'begun' | 'done' | 'failed' | 'refused';

/**
 * Authorizes by the table of methods, and audits what changes something: an entry is on disk before the handler runs ("begun"), so that
 * nothing is changed that the log does not know, and another says what became of it.
 */
export function createGuard({ audit, tokens, wall, changes, refusals, refused }: GuardNeeds): Guard {
  const refuse = async (name: string, caller: Caller, fault: ApiFault, fact: AuditFact | undefined): Promise<never> => {
    const audited = fact !== undefined && refusals.take('all');
    refused(name, caller, fault.message, audited);
    if (audited) {
      // It is refused in any case.
      await audit.write({ ...fact, outcome: 'refused', detail: printable(fault.message, longest.detail) }).catch(() => undefined);
    }
    throw fault;
  };
  const factOf = <Request, Response>(
    name: string,
    facts: ChangeFacts<Request, Response>,
    request: Request,
    caller: Caller,
    who: string,
  ) => ({
    when: wall().toISOString(),
    who: printable(who, longest.subject),
    source: caller.source,
    method: name,
    subject: printable(facts.subject(request), longest.subject),
    why: printable(facts.why(request), longest.why),
    outcome: 'begun' satisfies Outcome,
    detail: '',
    version: 0n,
    begun: 0n,
  });

  return {
    unary: (name, access, handler) => async (request, caller, signal) => {
      const { change } = access;
      const fact = change === undefined ? undefined : factOf(name, change, request, caller, whoIs(caller));
      const denial = denialOf(access, request, caller, name);
      if (denial !== undefined) return refuse(name, caller, denial, fact);
      if (change === undefined || fact === undefined || change.dryRun?.(request) === true) return handler(request, caller, signal);
      let who = fact.who;
      if (change.enrolmentToken !== undefined) {
        // Before anything is written: who holds no token may not fill the log.
        const found = await tokens.find(change.enrolmentToken(request), 'enrolment').catch((thrown: unknown) => {
          if (!(thrown instanceof ApiFault)) throw thrown;
          return refuse(name, caller, thrown, fact);
        });
        who = `enrolment token ${found.token.id} of ${found.member}`;
      }
      if (!changes.take(who)) {
        throw new ApiFault('limit', 'Too many changes in a short time.', 'wait a few seconds; one change may hold many entries (import)');
      }
      const begun = await audit.write({ ...fact, who });
      const end = (outcome: Outcome, detail: string, version: bigint) =>
        audit.write({ ...fact, who, when: wall().toISOString(), outcome, detail: printable(detail, longest.detail), version, begun });
      let response: Awaited<ReturnType<typeof handler>>;
      try {
        response = await handler(request, caller, signal);
      } catch (thrown) {
        await end('failed', thrown instanceof ApiFault ? faultText(thrown) : 'an error of the hub', 0n).catch(() => undefined);
        throw thrown;
      }
      // The change is made and was announced in the log: that its end cannot be noted is told there, not to the caller.
      await end('done', '', change.version?.(response) ?? 0n).catch(() => undefined);
      return response;
    },
    streaming: (name, access, handler) =>
      async function* (request, caller, signal) {
        const denial = denialOf(access, request, caller, name);
        if (denial !== undefined) return refuse(name, caller, denial, undefined);
        yield* handler(request, caller, signal);
      },
  };
}

function denialOf<Request, Response>(
  access: MethodAccess<Request, Response>,
  request: Request,
  { scope, member }: Caller,
  name: string,
): ApiFault | undefined {
  if (!access.who.some((allowed) => allowed === scope)) {
    return new ApiFault(
      'denied',
      `${name} is not for ${scope === 'member' ? 'members' : scope}.`,
      `ask an operator of the hub (it takes the scope ${access.who.join(' or ')})`,
    );
  }
  if (scope !== 'member') return undefined;
  const own = access.own?.(request);
  if (own === '' || own === member) return undefined;
  return new ApiFault('denied', `Member ${member} may not do this for another member.`, 'ask that member, or an operator of the hub');
}
