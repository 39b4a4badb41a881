import { type handleServerStreamingCall, type handleUnaryCall, type Metadata, type ServerWritableStream, status } from '@grpc/grpc-js';
import { ApiFault, type ApiFaultCode, faultText } from './api-fault.js';
import type { Streaming, Unary } from './api-handlers.js';
import type { Caller } from './caller.js';

/** What a call needs besides its handler. */
export interface CallNeeds {
  /** Who makes the call that came with this metadata. */
  callerOf(metadata: Metadata): Caller | undefined;
  /** Why that one is not to be told any more; undefined: nothing has changed. */
  refusedSince(metadata: Metadata): Promise<string | undefined>;
  /** ms within which a unary call is answered. */
  readonly patience: number;
  /** Streams open at the same time; one member has at most a part of them. */
  readonly streams: number;
  /** An error of our own. */
  failed(name: string, thrown: unknown): void;
  answered(name: string, code: status): void;
}

/** Turns handlers into what the library calls. */
export interface Calls {
  unary<Request, Response>(name: string, handler: Unary<Request, Response>): handleUnaryCall<Request, Response>;
  streaming<Request, Response>(name: string, handler: Streaming<Request, Response>): handleServerStreamingCall<Request, Response>;
  /** Ends every stream: the port is closing. */
  end(): void;
}

const statusOf: Readonly<Record<ApiFaultCode, status>> = {
  invalid: status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  conflict: status.ABORTED,
  denied: status.PERMISSION_DENIED,
  unavailable: status.UNAVAILABLE,
  exists: status.ALREADY_EXISTS,
  precondition: status.FAILED_PRECONDITION,
  limit: status.RESOURCE_EXHAUSTED,
};

const ownError = { code: status.INTERNAL, details: 'The hub could not make an answer; its log says why.' };
const late = { code: status.DEADLINE_EXCEEDED, details: 'The hub did not finish in time; what it began may still happen.' };
const ending = { code: status.UNAVAILABLE, details: 'This instance of the hub is ending: ask again, another will answer.' };
const unknownCaller = new ApiFault('denied', 'The caller is not known.');

/** How often it is looked whether who listens to a stream still may, ms. */
const lookEvery = 500;
/** The part of all streams that one member may have. */
const partOfMember = 1 / 4;

/**
 * Answers an ApiFault with the status of its code, and any other error with INTERNAL: what that was only `failed` is told.
 * Every half second it asks whether the callers of open streams still have a right to them.
 */
export function createCalls({ callerOf, refusedSince, patience, streams, failed, answered }: CallNeeds): Calls {
  const open = new Map<AbortController, { readonly member: string; tell(): void }>();
  const refusal = (name: string, thrown: unknown): { code: status; details: string } => {
    if (thrown instanceof ApiFault) return { code: statusOf[thrown.code], details: faultText(thrown) };
    failed(name, thrown);
    return ownError;
  };
  const known = (metadata: Metadata): Caller => {
    const caller = callerOf(metadata);
    if (caller === undefined) throw unknownCaller;
    return caller;
  };

  const isFull = (member: string): boolean => {
    if (open.size >= streams) return true;
    if (member === '') return false;
    const own = [...open.values()].filter((one) => one.member === member).length;
    return own >= Math.max(1, streams * partOfMember);
  };

  return {
    unary: (name, handler) => (call, callback) => {
      const gone = new AbortController();
      let over = false;
      const end = (answer: () => void, code: status): void => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        answered(name, code);
        answer();
      };
      const refuse = (how: { code: status; details: string }) => end(() => callback(how), how.code);
      const timer = setTimeout(() => refuse(late), patience);
      call.on('cancelled', () => {
        gone.abort();
        end(() => undefined, status.CANCELLED);
      });
      const answer = async () => handler(call.request, known(call.metadata), gone.signal);
      answer().then(
        (response) => end(() => callback(null, response), status.OK),
        (thrown: unknown) => refuse(refusal(name, thrown)),
      );
    },
    streaming: (name, handler) => (call) => {
      const member = callerOf(call.metadata)?.member ?? '';
      if (isFull(member)) {
        answered(name, status.RESOURCE_EXHAUSTED);
        fail(call, { code: status.RESOURCE_EXHAUSTED, details: 'Too many streams are open already.' });
        return;
      }
      const gone = new AbortController();
      open.set(gone, { member, tell: () => fail(call, ending) });
      const look = async (): Promise<void> => {
        const details = await refusedSince(call.metadata);
        if (details === undefined || gone.signal.aborted) return;
        fail(call, { code: status.UNAUTHENTICATED, details });
        gone.abort();
      };
      const looking = setInterval(() => void look().catch((thrown: unknown) => failed(name, thrown)), lookEvery).unref();
      for (const event of ['cancelled', 'close', 'error']) call.on(event, () => gone.abort());
      const run = async (): Promise<void> => {
        for await (const response of handler(call.request, known(call.metadata), gone.signal)) {
          if (gone.signal.aborted) return;
          if (!call.write(response)) await drained(call, gone.signal);
        }
      };
      run()
        .then(
          () => {
            answered(name, gone.signal.aborted ? status.CANCELLED : status.OK);
            call.end();
          },
          (thrown: unknown) => {
            const how = refusal(name, thrown);
            answered(name, how.code);
            if (!gone.signal.aborted) fail(call, how);
          },
        )
        .finally(() => {
          clearInterval(looking);
          open.delete(gone);
        });
    },
    end() {
      for (const [gone, { tell }] of open) {
        tell();
        gone.abort();
      }
    },
  };
}

/** Ends a stream with a status; the library takes it from the event. */
function fail<Request, Response>(call: ServerWritableStream<Request, Response>, how: { code: status; details: string }): void {
  call.emit('error', how);
}

function drained<Request, Response>(call: ServerWritableStream<Request, Response>, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      call.off('drain', over);
      gone.removeEventListener('abort', over);
      resolve();
    };
    call.on('drain', over);
    gone.addEventListener('abort', over);
    if (gone.aborted) over();
  });
}
