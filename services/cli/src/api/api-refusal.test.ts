import { describe, expect, it } from 'vitest';
import { metricsDoor, unreachable } from './api-refusal.js';

const grpc = (text: string) => `No connection established. Last error: Error: ${text}. Resolution note: `;
const ssl = (text: string) =>
  `801C10400A7F0000:error:0A000460:SSL routines:ssl3_read_bytes:${text}:../deps/openssl/rec_layer_s3.c:1601:SSL alert number 1`;

describe('a hub that cannot be reached', () => {
  it.each<[string, string, RegExp, RegExp]>([
    ['what speaks no TLS', ssl('wrong version number'), /does not speak TLS$/, /5071 for traffic.*--plain/],
    ['a web server', ssl('tlsv1 alert no application protocol'), /speaks TLS, but is no API/, /5072 is for browsers/],
    ['what hangs up', 'Client network socket disconnected before secure TLS connection was established', /hung up/, /is the port of/],
    ['what speaks TLS and something else', 'Failed to connect (2026-11-23T01:41:12.787Z)', /does not speak gRPC$/, /leave --plain away/],
    ['what speaks something else in the clear', 'Protocol error (2026-11-23T01:41:12.787Z)', /does not speak gRPC$/, /5071/],
    ['an unknown authority', 'self-signed certificate in certificate chain', /self-signed/, /--ca.*--hub-name/],
    ['any other alert', ssl('tlsv1 alert internal error'), /: tlsv1 alert internal error$/, /guildhall up/],
    ['nobody by that name', 'Name resolution failed for target dns:hub.nowhere.example:5071', /DNS knows no address/, /--hub-name/],
    ['nothing', 'connect ECONNREFUSED 127.0.0.1:1', /ECONNREFUSED/, /guildhall up/],
  ])('since %s answers there says so in words, with what to do', (_what, text, why, cure) => {
    const fault = unreachable(grpc(text), '127.0.0.1:1', metricsDoor);
    expect(fault).toMatchObject({ code: 'hub-unreachable', exitCode: 3 });
    expect([fault.message, fault.cure]).toEqual([expect.stringMatching(why), expect.stringMatching(cure)]);
    expect(fault.message).not.toMatch(/SSL routines|\d{4}-\d\d-\d\dT/);
  });
});
