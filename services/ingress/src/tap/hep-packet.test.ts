import { describe, expect, it } from 'vitest';
import { type HepCapture, hepEnd, hepPacket, longestPacket, nowhere } from './hep-packet.js';

/** "00 0b 01", comments and line breaks aside, as bytes. */
const hex = (text: string) => Buffer.from(text.replace(/;.*$/gm, '').replace(/\s+/g, ''), 'hex');

/** The chunks of a packet by type; throws where it is no packet. Written by the layout of the specification, not by our writer. */
function chunksOf(packet: Buffer): Map<number, Buffer> {
  expect(packet.toString('latin1', 0, 4)).toBe('HEP3');
  expect(packet.readUInt16BE(4)).toBe(packet.length);
  const found = new Map<number, Buffer>();
  let at = 6;
  while (at < packet.length) {
    expect(packet.readUInt16BE(at)).toBe(0);
    const length = packet.readUInt16BE(at + 4);
    expect(length).toBeGreaterThanOrEqual(6);
    found.set(packet.readUInt16BE(at + 2), packet.subarray(at + 6, at + length));
    at += length;
  }
  expect(at).toBe(packet.length);
  return found;
}

const sender = { captureId: 228, name: 'i1', key: '' };
const example: HepCapture = {
  from: hepEnd('212.202.0.1:12010'),
  to: hepEnd('82.116.0.211:5060'),
  at: 1_313_440_459_120,
  callId: '',
  payload: Buffer.from('INVITE sip:bob', 'latin1'),
};

describe('a packet of HEP3 rev. 37', () => {
  it('is that of its example, but for TLS in place of UDP and the name of the sender', () => {
    const written = hex(`
      48 45 50 33                              ; the marker
      00 79                                    ; 113 octets, and 8 of the name
      00 00 00 01 00 07 02                     ; IPv4
      00 00 00 02 00 07 06                     ; TCP: the example has 11, UDP
      00 00 00 03 00 0a d4 ca 00 01            ; 212.202.0.1
      00 00 00 04 00 0a 52 74 00 d3            ; 82.116.0.211
      00 00 00 07 00 08 2e ea                  ; 12010
      00 00 00 08 00 08 13 c4                  ; 5060
      00 00 00 09 00 0a 4e 49 82 cb            ; Mon Aug 15 22:34:19 2011
      00 00 00 0a 00 0a 00 01 d4 c0            ; 0.12 s
      00 00 00 0b 00 07 01                     ; SIP
      00 00 00 0c 00 0a 00 00 00 e4            ; capture agent 228
      00 00 00 13 00 08 69 31                  ; "i1"
      00 00 00 0f 00 14 49 4e 56 49 54 45 20 73 69 70 3a 62 6f 62`);
    expect(hepPacket(example, sender).toString('hex')).toBe(written.toString('hex'));
  });

  it('carries key, correlation id and name in chunks of their own', () => {
    const chunks = chunksOf(
      hepPacket({ ...example, callId: 'a84b4c76e66710@pc33' }, { captureId: 4_294_967_295, name: 'ingress-1', key: 'pässword' }),
    );
    expect(chunks.get(0x0e)?.toString('utf8')).toBe('pässword');
    expect(chunks.get(0x11)?.toString('latin1')).toBe('a84b4c76e66710@pc33');
    expect(chunks.get(0x13)?.toString('utf8')).toBe('ingress-1');
    expect(chunks.get(0x0c)?.readUInt32BE()).toBe(4_294_967_295);
    expect([...chunks.keys()].at(-1)).toBe(0x0f);
  });

  it('has 16 bytes an address where one end has an IPv6 one, the other mapped into it', () => {
    const chunks = chunksOf(hepPacket({ ...example, from: hepEnd('[2001:db8::7]:5061'), to: hepEnd('192.0.2.1:5061') }, sender));
    expect(chunks.get(1)).toEqual(Buffer.from([10]));
    expect(chunks.get(5)?.toString('hex')).toBe('20010db8000000000000000000000007');
    expect(chunks.get(6)?.toString('hex')).toBe('00000000000000000000ffffc0000201');
    expect([chunks.has(3), chunks.has(4)]).toEqual([false, false]);
  });

  it('is never longer than a datagram: the payload is cut, and a Call-ID without end too', () => {
    const packet = hepPacket(
      { ...example, payload: Buffer.alloc(80_000, 0x41), callId: 'x'.repeat(70_000) },
      { ...sender, key: 'k'.repeat(256) },
    );
    expect(packet.length).toBeLessThanOrEqual(longestPacket);
    const chunks = chunksOf(packet);
    expect(chunks.get(0x11)).toHaveLength(512);
    expect(chunks.get(0x0f)?.length).toBeGreaterThan(64_000);
  });

  it('tells microseconds of a clock that has them', () => {
    const chunks = chunksOf(hepPacket({ ...example, at: 1_700_000_000_001.5 }, sender));
    expect([chunks.get(9)?.readUInt32BE(), chunks.get(10)?.readUInt32BE()]).toEqual([1_700_000_000, 1_500]);
  });
});

describe('the end of a connection', () => {
  it.each([
    ['', 'nothing'],
    ['192.0.2.1', 'no port'],
    ['192.0.2.256:1', 'no byte'],
    ['192.0.2:1', 'three numbers'],
    ['proxy.acme.example:5061', 'a name'],
    ['[1::2::3]:1', 'two gaps'],
    ['[1:2:3:4:5:6:7:8:9]:1', 'nine groups'],
    ['[1:2:3:4:5:6:7::8]:70000', 'no port of a byte pair'],
    ['[12345::]:1', 'a group too long'],
  ])('is nowhere for %j: %s', (text) => {
    expect(hepEnd(text)).toBe(nowhere);
  });

  it.each([
    ['192.0.2.1:5061', 'c0000201', 5061],
    ['[::]:1', '00000000000000000000000000000000', 1],
    ['[::1]:65535', '00000000000000000000000000000001', 65_535],
    ['[fe80::1%eth0]:5061', 'fe800000000000000000000000000001', 5061],
    ['[1:2:3:4:5:6:7:8]:5061', '00010002000300040005000600070008', 5061],
    ['[::ffff:192.0.2.1]:5061', '00000000000000000000ffffc0000201', 5061],
  ])('reads %s', (text, address, port) => {
    expect([hepEnd(text).address.toString('hex'), hepEnd(text).port]).toEqual([address, port]);
  });
});
