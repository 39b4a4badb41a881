import { describe, expect, it } from 'vitest';
import { goRuntime, readNatsUrl } from './hub-nats.js';

describe('GUILDHALL_NATS_URL', () => {
  it.each(['nats://', 'nats://a b', 'http://nats', 'nats://%:x@a'])('%j is refused', (text) => {
    expect(() => readNatsUrl(text)).toThrow(/no address of a NATS server/);
  });

  it.each([
    ['127.0.0.1', 'nats://127.0.0.1:4222', {}],
    ['nats://nats.internal:5222', 'nats://nats.internal:5222', {}],
    ['tls://ada:p%40ss@nats.internal', 'tls://nats.internal:4222', { user: 'ada', password: 'p@ss' }],
    ['nats://ada:x@a:1, nats://b:2', 'nats://a:1,nats://b:2', { user: 'ada', password: 'x' }],
    ['nats://[::1]:4222', 'nats://[::1]:4222', {}],
  ])('%j is read, user and password apart', (text, url, who) => {
    expect(readNatsUrl(text)).toEqual({ url, users: { ingress: who, policy: who, relay: who, console: who } });
  });
});

describe('the Go runtime of our nats-server', () => {
  it.each([
    [{}, { GOMAXPROCS: '1' }],
    [{ GOMAXPROCS: '' }, { GOMAXPROCS: '1' }],
    [{ GOMAXPROCS: '4', HOME: '/root' }, { GOMAXPROCS: '4' }],
  ])('%j', (environment, runtime) => {
    expect(goRuntime(environment)).toEqual(runtime);
  });
});
