import { describe, expect, it } from 'vitest';
import { namedAsGiven, serviceEnvironment, strayVariables } from './service-configs.js';

const env = {
  PATH: '/bin',
  GUILDHALL_NATS_SERVER: '/x',
  GUILDHALL_LOG_LEVEL: 'debug',
  GUILDHALL_INGRESS_LIMITS_HEADERS: '64',
  GUILDHALL_RELAY_LOG_LEVEL: 'warn',
  GUILDHALL_LIMITS_HEADERS: '1',
  EMPTY: undefined,
};

describe('the environment of a service', () => {
  it('holds nothing meant for others or for the command line', () => {
    expect(serviceEnvironment('policy', env)).toEqual({ PATH: '/bin', GUILDHALL_LOG_LEVEL: 'debug' });
  });

  it('has its own settings without its name', () => {
    expect(serviceEnvironment('ingress', env)).toEqual({ PATH: '/bin', GUILDHALL_LOG_LEVEL: 'debug', GUILDHALL_LIMITS_HEADERS: '64' });
  });

  it.each([env, Object.fromEntries(Object.entries(env).reverse())])('prefers its own log level to that of all, in any order', (given) => {
    expect(serviceEnvironment('relay', given)['GUILDHALL_LOG_LEVEL']).toBe('warn');
  });

  it('has what is said to all of where traces go, unless it has that of its own', () => {
    const all = { GUILDHALL_TELEMETRY_OTLP_URL: 'http://a', GUILDHALL_INGRESS_TELEMETRY_OTLP_URL: 'http://b' };
    expect(serviceEnvironment('console', all)).toEqual({ GUILDHALL_TELEMETRY_OTLP_URL: 'http://a' });
    expect(serviceEnvironment('ingress', all)).toEqual({ GUILDHALL_TELEMETRY_OTLP_URL: 'http://b' });
    expect([strayVariables(all), namedAsGiven('relay', 'GUILDHALL_TELEMETRY_OTLP_URL: wrong', all)]).toEqual([
      [],
      'GUILDHALL_TELEMETRY_OTLP_URL: wrong',
    ]);
  });

  it('is complained of in the names that were given', () => {
    const complaint = 'GUILDHALL_LOG_LEVEL: wrong; GUILDHALL_LIMITS_HEADER: did you mean GUILDHALL_LIMITS_HEADERS?';
    const settings = 'GUILDHALL_INGRESS_LIMITS_HEADER: did you mean GUILDHALL_INGRESS_LIMITS_HEADERS?';
    expect(namedAsGiven('ingress', complaint, env)).toBe(`GUILDHALL_LOG_LEVEL: wrong; ${settings}`);
    expect(namedAsGiven('relay', 'GUILDHALL_LOG_LEVEL: wrong', env)).toBe('GUILDHALL_RELAY_LOG_LEVEL: wrong');
  });

  it('is not reached by variables that name no service', () => {
    expect(strayVariables(env)).toEqual(['GUILDHALL_LIMITS_HEADERS']);
  });
});
