import { Client, credentials, Metadata, Server, ServerCredentials, type ServiceDefinition, type ServiceError, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { headThreshold } from '../trace-context.js';
import { noTracing, type Tracing } from '../tracing.js';
import { keptTracing } from '../tracing.stage.js';
import { tracingInterceptor } from './grpc-tracing.js';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const same = (bytes: Buffer): Buffer => bytes;
const method = (path: string) => ({
  path,
  requestStream: false,
  responseStream: false,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});
const definition: ServiceDefinition = { Say: method('/test.v1.Echo/Say'), Check: method('/grpc.health.v1.Health/Check') };

const curtain: (() => void)[] = [];
afterEach(() => {
  for (const end of curtain.splice(0).reverse()) end();
});

/** A server that answers with the status it is asked for, and how to call it: resolves to the status. */
async function serving(tracing: Tracing) {
  let now = 0;
  const clock = () => {
    now += 5;
    return now;
  };
  const server = new Server({ interceptors: [tracingInterceptor(tracing, clock)] });
  const answer = (call: { request: Buffer }, callback: (error: Partial<ServiceError> | null, value?: Buffer) => void) => {
    const code = Number(call.request.toString());
    if (code === status.OK) callback(null, Buffer.from('fine'));
    else callback({ code, details: 'no' });
  };
  server.addService(definition, { Say: answer, Check: answer });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  curtain.push(
    () => server.forceShutdown(),
    () => client.close(),
  );
  return (code: status, trace = '', path = '/test.v1.Echo/Say') =>
    new Promise<status>((resolve) => {
      const metadata = new Metadata();
      if (trace !== '') metadata.set('traceparent', trace);
      client.makeUnaryRequest(path, same, same, Buffer.from(String(code)), metadata, (error) => resolve(error?.code ?? status.OK));
    });
}

describe('calls of the API', () => {
  it('make no span where there is no collector', async () => {
    const call = await serving(noTracing);
    expect(await call(status.OK, `00-${traceId}-${spanId}-01`)).toBe(status.OK);
  });

  it('make none that went well, were not wanted, or only ask for health', async () => {
    const tracing = keptTracing(headThreshold(0));
    const call = await serving(tracing);
    expect(await call(status.OK)).toBe(status.OK);
    expect(await call(status.OK, `00-${traceId}-${spanId}-00`)).toBe(status.OK);
    expect(await call(status.OK, 'rubbish')).toBe(status.OK);
    expect(await call(status.INTERNAL, '', '/grpc.health.v1.Health/Check')).toBe(status.INTERNAL);
    expect(tracing.kept).toEqual([]);
  });

  it('that are refused or fail make one, as far as there is room', async () => {
    const tracing = keptTracing(headThreshold(0), 2);
    const call = await serving(tracing);
    for (const code of [status.UNAUTHENTICATED, status.INTERNAL, status.INTERNAL]) expect(await call(code)).toBe(code);
    expect(tracing.kept).toMatchObject([
      { attributes: { 'rpc.response.status_code': 'UNAUTHENTICATED' }, failed: '', parentSpanId: '' },
      { attributes: { 'rpc.response.status_code': 'INTERNAL', 'error.type': 'INTERNAL' }, failed: 'INTERNAL' },
    ]);
  });

  it('belong to the trace of their caller', async () => {
    const tracing = keptTracing(headThreshold(0));
    const call = await serving(tracing);
    expect(await call(status.OK, `00-${traceId}-${spanId}-01`)).toBe(status.OK);
    expect(tracing.kept).toMatchObject([
      {
        traceId,
        parentSpanId: spanId,
        remoteParent: true,
        name: 'test.v1.Echo/Say',
        kind: 'server',
        startedAt: 5,
        endedAt: 10,
        attributes: {
          'rpc.system.name': 'grpc',
          'rpc.method': 'test.v1.Echo/Say',
          'rpc.response.status_code': 'OK',
          'client.address': '127.0.0.1',
        },
        failed: '',
      },
    ]);
  });

  it('are traced by chance', async () => {
    const tracing = keptTracing(headThreshold(1));
    const call = await serving(tracing);
    for (let at = 0; at < 3; at += 1) expect(await call(status.OK)).toBe(status.OK);
    expect(new Set(tracing.kept.map((span) => span.traceId)).size).toBe(3);
    expect(tracing.kept.every((span) => /^[0-9a-f]{32}$/.test(span.traceId) && span.parentSpanId === '')).toBe(true);
  });
});
