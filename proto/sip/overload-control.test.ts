import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from './limits.js';
import { parseMessage } from './message.js';
import { asksForOverload, overloadParameters, withOverload } from './overload-control.js';
import { writeResponse } from './response.js';
import { parseVia } from './via.js';

const via = (parameters: string): string => `SIP/2.0/TLS proxy.acme.example:5061;branch=z9hG4bK1${parameters}`;
const request = (value: string) =>
  parseMessage(
    Buffer.from(
      `MESSAGE sip:b@bolt.example SIP/2.0\r\nVia: ${value}\r\nFrom: <sip:a@acme.example>;tag=1\r\nTo: <sip:b@bolt.example>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n`,
      'latin1',
    ),
    defaultLimits,
  );
const told = ';oc=20;oc-algo="loss";oc-validity=500;oc-seq=1282321615.78000';

describe('a Via asks for overload control', () => {
  it.each([
    ';oc',
    ';oc;oc-algo="loss"',
    ';OC;Oc-Algo="rate, LOSS"',
    ';oc-algo=loss;oc',
    ';oc;oc-algo="a,loss,b"',
    '; oc ; oc-algo = "loss"',
  ])('with %s', (parameters) => {
    expect(asksForOverload(request(via(parameters)))).toBe(true);
    expect(parseVia(via(parameters), 0, via(parameters).length).overload).toBe('loss');
  });

  it.each(['', ';oc-algo="loss"', ';oc;oc-algo="rate"', ';oc;oc-algo="lossy"', ';oc;oc-algo=""', ';ocx', ';rport;x-oc'])(
    'not with %j',
    (parameters) => {
      expect(asksForOverload(request(via(parameters)))).toBe(false);
      expect(parseVia(via(parameters), 0, via(parameters).length).overload).toBe(parameters.startsWith(';oc;') ? 'other' : '');
    },
  );

  it('not when only one behind the first does, or the first cannot be read', () => {
    expect(asksForOverload(request(`${via('')}, ${via(';oc')}`))).toBe(false);
    expect(asksForOverload(request('nonsense;oc'))).toBe(false);
  });
});

describe('a report', () => {
  it('reads as RFC 7339 4 has it', () => {
    expect(overloadParameters({ percent: 20, validity: 500, sequence: 1_282_321_615.78 })).toBe(told);
    expect(overloadParameters({ percent: 0, validity: 500, sequence: 1.5 })).toBe(';oc=0;oc-algo="loss";oc-validity=0;oc-seq=1.50000');
  });

  it.each([
    [via(';oc;oc-algo="loss"'), via(told)],
    [via(';oc=99;oc-seq=9.9;rport=1;oc-validity=9;received=1.2.3.4'), via(`;rport=1;received=1.2.3.4${told}`)],
    [via(' ; OC = 99 ;\r\n oc-algo="a;b,c"  ; x="oc=1;oc"'), via(`    ; x="oc=1;oc"${told}`)],
    [via(''), via(told)],
    [`${via(';oc=1')} , ${via(';oc=2')}`, `${via(told)} , ${via(';oc=2')}`],
    ['SIP/2.0/TLS [2001:db8::1]:5061;oc=1', `SIP/2.0/TLS [2001:db8::1]:5061${told}`],
  ])('takes the place of what stands in %j', (field, wanted) => {
    expect(withOverload(field, told)).toBe(wanted);
  });

  it('that is none takes away what stands there', () => {
    expect(withOverload(via(';oc=99;oc-seq=1.1;rport'), '')).toBe(via(';rport'));
  });

  it('goes nowhere where the Via cannot be read', () => {
    expect(withOverload('nonsense', told)).toBeUndefined();
    expect(withOverload(via(';oc="'), told)).toBeUndefined();
  });

  it('is in answers of our own, behind what was seen of the sender', () => {
    const text = writeResponse(request(via(';rport;oc;oc-algo="loss"')), 503, {
      sender: { host: '192.0.2.1', port: '7', received: ';received=192.0.2.1' },
      overload: told,
    });
    expect(text).toContain(`\r\nVia: ${via(`;rport=7;received=192.0.2.1${told}`)}\r\n`);
    expect(writeResponse(request('nonsense;oc'), 503, { overload: told })).toContain('\r\nVia: nonsense;oc\r\n');
  });

  it('leaves a Via that reads as before, with no other word on overload', () => {
    const name = fc.constantFrom('oc', 'oc-algo', 'OC-seq', 'oc-validity', 'rport', 'x', 'ocx', 'received');
    const value = fc.constantFrom('', '=1', '="a;oc=1"', ' = "b,c"', '=[::1]', '\r\n =5');
    const list = fc.array(fc.tuple(name, value, fc.constantFrom('', ' ')), { maxLength: 8 });
    fc.assert(
      fc.property(list, (parameters) => {
        const field = via(parameters.map(([one, given, space]) => `;${space}${one}${given}${space}`).join(''));
        const written = withOverload(field, told);
        if (written === undefined) return;
        const back = parseVia(written, 0, written.length);
        expect(back.branch).toBe('z9hG4bK1');
        expect(back.overload).toBe('loss');
        expect(withOverload(written, '')).toBe(withOverload(field, ''));
        expect(written.replaceAll(/"[^"]*"/g, '').match(/;\s*oc(?=[;=\s,]|$)/gi)).toHaveLength(1);
      }),
    );
  });
});
