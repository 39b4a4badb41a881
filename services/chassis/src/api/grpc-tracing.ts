import { randomBytes } from 'node:crypto';
import { ResponderBuilder, ServerInterceptingCall, type ServerInterceptor, ServerListenerBuilder, status } from '@grpc/grpc-js';
import { attributes, type SpanAttributes, tell, tellAddress } from '../attributes.js';
import { readTraceparent, type TraceContext } from '../trace-context.js';
import type { Tracing } from '../tracing.js';

/** What asks all the time whether somebody is there. */
const untraced = /^\/grpc\.(health|reflection)\./;
/** Codes that nobody did anything wrong with: a call that ended so is traced only by chance or on its caller's wish. */
const fine: ReadonlySet<status> = new Set([status.OK, status.CANCELLED]);
/** Codes that mean that the hub failed (OpenTelemetry, conventions for gRPC servers). */
const ours: ReadonlySet<status> = new Set([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/**
 * A span for each call that is traced: by chance as the configuration says, because its caller traces it (metadata `traceparent`), or because it was
 * refused or failed. To stand before every other interceptor, so that their refusals are seen. `clock` is monotonic ms.
 */
export function tracingInterceptor(tracing: Tracing, clock: () => number): ServerInterceptor {
  return ({ path }, call) => {
    if (!tracing.on || untraced.test(path)) return new ServerInterceptingCall(call);
    const startedAt = clock();
    let parent: TraceContext | undefined;
    let over = false;

    const end = (code: status): void => {
      if (over) return;
      over = true;
      const byChance = parent === undefined && randomBytes(4).readUInt32BE() < tracing.threshold;
      if (!byChance && ((parent?.sampled !== true && fine.has(code)) || !tracing.admits())) return;
      const name = path.slice(1);
      const failed = ours.has(code) ? status[code] : '';
      const told: SpanAttributes = new Map();
      told.set(attributes.rpcSystem, 'grpc');
      told.set(attributes.rpcMethod, name);
      told.set(attributes.rpcStatus, status[code]);
      tell(told, attributes.errorType, failed);
      tellAddress(told, 'client', call.getPeer());
      tracing.span({
        traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
        spanId: randomBytes(8).toString('hex'),
        parentSpanId: parent?.spanId ?? '',
        remoteParent: parent !== undefined,
        name,
        kind: 'server',
        startedAt,
        endedAt: clock(),
        attributes: told,
        failed,
      });
    };

    return new ServerInterceptingCall(
      call,
      new ResponderBuilder()
        .withStart((next) =>
          next(
            new ServerListenerBuilder()
              .withOnReceiveMetadata((metadata, proceed) => {
                const [told] = metadata.get('traceparent');
                if (typeof told === 'string') parent = readTraceparent(told);
                proceed(metadata);
              })
              .withOnCancel(() => end(status.CANCELLED))
              .build(),
          ),
        )
        .withSendStatus((told, next) => {
          end(told.code ?? status.UNKNOWN);
          next(told);
        })
        .build(),
    );
  };
}
