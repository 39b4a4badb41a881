import { checkRequest } from '@guildhall/proto/sip/check';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { parseMessage } from '@guildhall/proto/sip/message';
import { writeResponse } from '@guildhall/proto/sip/response';
import { describe, expect, it } from 'vitest';
import { createProber, probeIn } from './probe.js';
import { hereOf } from './rewrite.js';

const here = hereOf({ host: 'hub.example', port: 5061 }, 'hub.example');

function parse(text: string) {
  return parseMessage(Buffer.from(text, 'latin1'), defaultLimits);
}

describe('a probe', () => {
  it('is known by its own answer only', () => {
    const prober = createProber(here, 'e');
    const [first, second] = [prober.write('192.0.2.1', 5061), prober.write('192.0.2.1', 5061)];
    const answer = parse(writeResponse(parse(first.text), 404, {}));
    expect([probeIn(answer, first.branch), probeIn(answer, second.branch)]).toEqual([true, false]);
  });

  it.each([
    ['192.0.2.1', 'sip:192.0.2.1:5061;transport=tls'],
    ['2001:db8::1', 'sip:[2001:db8::1]:5061;transport=tls'],
    ['sip.bolt.example', 'sip:sip.bolt.example:5061;transport=tls'],
  ])('to %s is a good OPTIONS of the hub', (host, uri) => {
    const m = parse(createProber(here, 'e').write(host, 5061).text);
    expect(checkRequest(m)).toBeUndefined();
    expect(m.head.split('\r\n')[0]).toBe(`OPTIONS ${uri} SIP/2.0`);
  });
});
