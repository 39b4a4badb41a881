import { type handleServerStreamingCall, type handleUnaryCall, Metadata, type ServerWritableStream, status } from '@grpc/grpc-js';
import { ApiFault, type ApiFaultCode, faultText } from './api-fault.js';
import type { Caller } from './caller.js';
import type { CallEnd } from './grpc-authentication.js';
import type { Streaming, Unary } from './handlers.js';
import type { StreamPlaces } from './stream-places.js';

/** What a call needs besides its handler. */
export interface CallNeeds {
  /** Who makes the call that came with this metadata. */
  callerOf(metadata: Metadata): Caller | undefined;
  /** How it ends for one who is not to be told any more; undefined: nothing has changed. */
  refusedSince(metadata: Metadata): Promise<CallEnd | undefined>;
  /** ms within which a unary call is answered. */
  readonly patience: number;
  /** Streams open at the same time. */
  readonly places: StreamPlaces;
  /** ms after which a stream ends whose reader takes nothing. */
  readonly stall: number;
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

const stalled = { code: status.RESOURCE_EXHAUSTED, details: 'Nothing was read for too long: read faster, or ask for less.' };
const crowded = { code: status.RESOURCE_EXHAUSTED, details: 'Too many streams are open already.' };

/** Messages of one stream that were handed to the library and did not leave yet: what is made later is not made before. */
const mostUnsent = 4;

/** How often it is looked whether who listens to a stream still may, ms. */
export const lookEvery = 500;

/**
 * Answers an ApiFault with the status of its code, and any other error with INTERNAL: what that was only `failed` is told.
 * Every half second it asks whether the callers of open streams still have a right to them.
 */
export function createCalls({ callerOf, refusedSince, patience, places, stall, failed, answered }: CallNeeds): Calls {
  const open = new Map<AbortController, () => void>();
  const refusal = (name: string, thrown: unknown): CallEnd => {
    if (thrown instanceof ApiFault) return { code: statusOf[thrown.code], details: faultText(thrown) };
    failed(name, thrown);
    return ownError;
  };
  const known = (metadata: Metadata): Caller => {
    const caller = callerOf(metadata);
    if (caller === undefined) throw unknownCaller;
    return caller;
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
      const refuse = (how: CallEnd) => end(() => callback(how), how.code);
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
      const caller = callerOf(call.metadata);
      const leave = caller === undefined ? undefined : places.enter(caller);
      if (caller === undefined || leave === undefined) {
        const how = caller === undefined ? refusal(name, unknownCaller) : crowded;
        answered(name, how.code);
        fail(call, how);
        return;
      }
      // Tells that the stream is open, however long nothing comes.
      call.sendMetadata(new Metadata());
      const gone = new AbortController();
      open.set(gone, () => fail(call, ending));
      const stop = (how: CallEnd): void => {
        if (gone.signal.aborted) return;
        fail(call, how);
        gone.abort();
      };
      const look = async (): Promise<void> => {
        const how = await refusedSince(call.metadata);
        if (how !== undefined) stop(how);
      };
      const looking = setInterval(() => void look().catch((thrown: unknown) => failed(name, thrown)), lookEvery).unref();
      for (const event of ['cancelled', 'close', 'error']) call.on(event, () => gone.abort());
      const run = async (): Promise<void> => {
        let unsent = 0;
        let sent = (): void => undefined;
        gone.signal.addEventListener('abort', () => sent(), { once: true });
        for await (const response of handler(call.request, caller, gone.signal)) {
          if (gone.signal.aborted) return;
          unsent += 1;
          call.write(response, () => {
            unsent -= 1;
            sent();
          });
          if (unsent < mostUnsent) continue;
          const tooSlow = setTimeout(() => stop(stalled), stall);
          await new Promise<void>((resolve) => {
            sent = resolve;
          });
          clearTimeout(tooSlow);
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
          leave();
          open.delete(gone);
        });
    },
    end() {
      for (const [gone, tell] of open) {
        tell();
        gone.abort();
      }
    },
  };
}

/** Ends a stream with a status; the library takes it from the event. */
function fail<Request, Response>(call: ServerWritableStream<Request, Response>, how: CallEnd): void {
  call.emit('error', how);
}
