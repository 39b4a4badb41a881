import {
  type Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import type { CertificateFacts } from '../certificate.js';
import { hostPort, plainAddress } from '../host-port.js';
import type { Caller, Scope } from './caller.js';
import { type Authenticated, type Credentials, type NotLetIn, refusedNow } from './credentials.js';

/** What the interceptor needs. */
export interface GateNeeds {
  authenticate(credentials: Credentials): Promise<Authenticated>;
  certificateOf(peer: string): CertificateFacts | undefined;
  /** Scopes that may call the method of a path; undefined: nobody may. */
  scopes(path: string): readonly Scope[] | undefined;
  /** Calls of nobody under way at the same time, in all and from one address. */
  readonly strangers: number;
  readonly strangersPerAddress: number;
  /** ms within which a request has to be there whole. */
  readonly requestTime: number;
  /** A call that was not let in. */
  turnedAway(path: string, source: string, why: string): void;
  failed(what: string, thrown: unknown): void;
}

/** Who makes each call, found out before a byte of its request is taken. */
export interface Gate {
  readonly interceptor: ServerInterceptor;
  callerOf(metadata: Metadata): Caller | undefined;
  /** How a call is to end whose maker would not be let in any more, or as somebody else; undefined: all is as it was. For what goes on for long. */
  refusedSince(metadata: Metadata): Promise<CallEnd | undefined>;
}

/** How a call ends that is refused. */
export interface CallEnd {
  readonly code: status;
  readonly details: string;
}

const codeOf: Readonly<Record<NonNullable<NotLetIn['because']>, status>> = {
  credentials: status.UNAUTHENTICATED,
  unavailable: status.UNAVAILABLE,
  limit: status.RESOURCE_EXHAUSTED,
};

const endOf = ({ refused, cure, because = 'credentials' }: NotLetIn): CallEnd => ({
  code: codeOf[because],
  details: cure === undefined ? refused : `${refused} Cure: ${cure}`,
});

/** What is told to who shows nothing. */
export const needsCredentials = 'This needs credentials: send "authorization: Bearer TOKEN", or show a client certificate.';

/** Refuses with UNAUTHENTICATED, PERMISSION_DENIED, RESOURCE_EXHAUSTED, UNAVAILABLE or, for a request that does not come in time, DEADLINE_EXCEEDED. */
export function createGate({ authenticate, certificateOf, scopes, turnedAway, failed, ...limits }: GateNeeds): Gate {
  const callers = new WeakMap<Metadata, Caller>();
  const again = new WeakMap<Metadata, () => Promise<Authenticated>>();
  const strangers = strangersBound(limits.strangers, limits.strangersPerAddress);

  const interceptor: ServerInterceptor = ({ path }, call) => {
    let leave = (): void => undefined;
    const tooSlow = setTimeout(() => {
      leave();
      call.sendStatus({ code: status.DEADLINE_EXCEEDED, details: 'The request did not come in time.' });
    }, limits.requestTime);
    const over = (): void => {
      clearTimeout(tooSlow);
      leave();
    };
    const admit = async (metadata: Metadata): Promise<CallEnd | undefined> => {
      const { remoteAddress = '', remotePort = 0 } = call.getConnectionInfo();
      const source = hostPort(plainAddress(remoteAddress), remotePort);
      const refuse = (code: status, details: string) => {
        turnedAway(path, source, details);
        return { code, details };
      };
      const credentials: Credentials = {
        authorization: [...metadata.get('authorization')],
        source,
        certificate: certificateOf(call.getPeer()),
      };
      const found = await authenticate(credentials);
      if ('refused' in found) {
        const { code, details } = endOf(found);
        return refuse(code, details);
      }
      const { caller, hint } = found;
      const allowed = scopes(path);
      if (allowed === undefined) return refuse(status.PERMISSION_DENIED, 'This method is for nobody.');
      if (caller.scope === 'nobody') {
        if (!allowed.includes('nobody'))
          return refuse(status.UNAUTHENTICATED, hint === '' ? needsCredentials : `${needsCredentials} ${hint}`);
        const left = strangers.enter(remoteAddress);
        if (left === undefined) return refuse(status.RESOURCE_EXHAUSTED, 'Too many callers without credentials at once: try again.');
        leave = left;
      }
      // A secret goes no further than here.
      metadata.remove('authorization');
      callers.set(metadata, caller);
      again.set(metadata, () => authenticate(credentials));
      return undefined;
    };
    return new ServerInterceptingCall(
      call,
      new ResponderBuilder()
        .withStart((next) =>
          next(
            new ServerListenerBuilder()
              .withOnReceiveMetadata((metadata, proceed) => {
                admit(metadata).then(
                  (refusal) => {
                    if (refusal === undefined) proceed(metadata);
                    else {
                      over();
                      call.sendStatus(refusal);
                    }
                  },
                  (thrown: unknown) => {
                    over();
                    failed('authentication', thrown);
                    call.sendStatus({ code: status.INTERNAL, details: 'The hub could not find out who calls; its log says why.' });
                  },
                );
              })
              .withOnReceiveHalfClose((next) => {
                clearTimeout(tooSlow);
                next();
              })
              .withOnCancel(over)
              .build(),
          ),
        )
        .withSendStatus((told, next) => {
          over();
          next(told);
        })
        .build(),
    );
  };
  return {
    interceptor,
    callerOf: (metadata) => callers.get(metadata),
    async refusedSince(metadata) {
      const refusal = refusedNow(callers.get(metadata), await again.get(metadata)?.());
      return refusal === undefined ? undefined : endOf(refusal);
    },
  };
}

/** Counts callers without credentials. `enter` gives what takes one out again, once; undefined: there is no room. */
function strangersBound(most: number, perAddress: number): { enter(address: string): (() => void) | undefined } {
  const inside = new Map<string, number>();
  let all = 0;
  return {
    enter(address) {
      const here = inside.get(address) ?? 0;
      if (all >= most || here >= perAddress) return undefined;
      all += 1;
      inside.set(address, here + 1);
      let gone = false;
      return () => {
        if (gone) return;
        gone = true;
        all -= 1;
        const left = (inside.get(address) ?? 1) - 1;
        if (left > 0) inside.set(address, left);
        else inside.delete(address);
      };
    },
  };
}
