import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBody } from './body-facts.js';
import { offeredMedia } from './sdp-media.js';

const sdp = (...lines: string[]) => ['v=0', 'o=- 1 1 IN IP4 10.0.0.1', 's=-', 't=0 0', ...lines, ''].join('\r\n');
const read = (text: string, type: string, encoding = '') => readBody(text, { type, encoding });
const parts = (...entities: string[]) => `${entities.map((entity) => `--b1\r\n${entity}\r\n`).join('')}--b1--\r\n`;
const mixed = 'multipart/mixed; boundary=b1';
const hidden = { types: undefined, media: undefined };

describe('a body that hides what it is', () => {
  it.each([
    ['has no type', 'x', ''],
    ['has a type that is none', 'x', 'nonsense'],
    ['has a type with a space', 'x', 'text / plain'],
    ['is sealed', 'x', 'application/pkcs7-mime; smime-type=enveloped-data'],
    ['has no boundary', parts('\r\nx'), 'multipart/mixed'],
    ['has a boundary that is not in it', 'x', mixed],
    ['has two boundaries', parts('\r\nx'), 'multipart/mixed; boundary=b1; boundary=b2'],
    ['has a boundary within words', parts('\r\nx'), 'multipart/mixed; x="; boundary=b1;"; boundary=b2'],
    ['has a parameter that is none', parts('\r\nx'), 'multipart/mixed; boundary=b1; x'],
    ['has lines that only begin like its boundary', parts('\r\nx\r\n--b10\r\n\r\ny'), mixed],
    ['has parts without an end of their header', '--b1\r\nContent-Type: text/plain', mixed],
    ['has a part of two types', parts('Content-Type: text/plain\r\nContent-Type: application/sdp\r\n\r\nx'), mixed],
    ['has too many parts', parts(...Array.from({ length: 65 }, () => '\r\nx')), mixed],
    [
      'is too deep',
      Array.from({ length: 6 }).reduce<string>(
        (inner, _, at) => `--b${at}\r\nContent-Type: multipart/mixed; boundary=b${at - 1}\r\n\r\n${inner}\r\n--b${at}--`,
        'x',
      ),
      'multipart/mixed; boundary=b5',
    ],
  ])('%s', (_, text, type) => {
    expect(read(text, type)).toEqual(hidden);
  });

  it('in an encoding: its session, and its parts', () => {
    expect(read('\u001f\u008b', 'application/sdp', 'gzip')).toEqual({ types: ['application/sdp'], media: undefined });
    expect(read('\u001f\u008b', mixed, 'gzip')).toEqual({ types: undefined, media: undefined });
    expect(read('\u001f\u008b', 'text/html', 'gzip')).toEqual({ types: ['text/html'], media: [] });
    const encoded = parts('Content-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\ndj0w');
    expect(read(encoded, mixed)).toEqual({ types: ['multipart/mixed', 'application/sdp'], media: undefined });
  });

  it.each([
    ['a line that some take for two', sdp('m=audio 1 RTP/AVP 0\rm=video 1 RTP/AVP 31')],
    ['a NUL', sdp('m=audio 1 RTP/AVP 0\u0000')],
    ['letters of base64', Buffer.from(sdp('m=video 1 RTP/AVP 31')).toString('base64')],
    ['letters of two bytes', Buffer.from(sdp('m=video 1 RTP/AVP 31'), 'utf16le').toString('latin1')],
    ['capitals', sdp('M=video 1 RTP/AVP 31')],
    ['a space in front', sdp(' m=video 1 RTP/AVP 31')],
  ])('with a session of %s', (_, text) => {
    expect(read(text, 'application/sdp')).toEqual({ types: ['application/sdp'], media: undefined });
  });

  it('with media that is none', () => {
    expect(read(sdp('m=vid\u0000eo 1 RTP/AVP 0'), 'application/sdp')).toEqual({ types: ['application/sdp'], media: undefined });
    expect(offeredMedia(sdp(...Array.from({ length: 20 }, (_, at) => `m=kind${at} 1 x 0`)))).toBeUndefined();
  });
});

describe('a body', () => {
  it('of nothing is nothing', () => {
    expect(read('', '')).toEqual({ types: [], media: [] });
  });

  it('is told without parameters, in lower case', () => {
    expect(read('hello', 'Text/HTML;charset=UTF-8')).toEqual({ types: ['text/html'], media: [] });
  });

  it.each([
    ['each kind once', sdp('m=audio 4000 RTP/AVP 0', 'm=VIDEO 4002 RTP/AVP 31', 'm=audio 4004 RTP/AVP 0'), ['audio', 'video']],
    ['with bare line ends', 'v=0\nm=audio 4000 RTP/AVP 0\nm=message 9 TCP/MSRP *\n', ['audio', 'message']],
    ['without what is switched off', sdp('m=audio 4000 RTP/AVP 0', 'm=video 0 RTP/AVP 31', 'a=inactive'), ['audio']],
    ['with what is bundled', sdp('m=audio 4000 RTP/AVP 0', 'm=video 0 RTP/AVP 31', 'a=bundle-only'), ['audio', 'video']],
    ['with several ports', sdp('m=video 49170/2 RTP/AVP 31'), ['video']],
    ['without any', sdp(), []],
  ])('offers media: %s', (_, text, media) => {
    expect(read(text, 'application/sdp').media).toEqual(media);
  });

  it.each([
    ['quoted', 'multipart/mixed; charset=x; boundary="b1"'],
    ['plain, in capitals', 'MULTIPART/Mixed;Boundary=b1; x=y'],
  ])('is read part by part, with a boundary %s', (_, type) => {
    const text = `preamble\r\n${parts(
      `Content-Type: application/sdp\r\nContent-Disposition: session\r\n\r\n${sdp('m=video 1 RTP/AVP 31')}`,
      '\r\nplain',
      'content-type:\r\n IMAGE/png\r\n\r\nx',
    )}`;
    expect(read(text, type)).toEqual({ types: ['multipart/mixed', 'application/sdp', 'text/plain', 'image/png'], media: ['video'] });
  });

  it('is read where line ends are bare, and the last part does not end', () => {
    expect(read('--b1\nContent-Type: text/html\n\nx\n--b1\nContent-Type: image/gif\n\ny', mixed).types).toEqual([
      'multipart/mixed',
      'text/html',
      'image/gif',
    ]);
  });

  it('is read within CPIM and within parts', () => {
    const cpim = 'From: <im:a@acme.example>\r\nTo: <im:b@bolt.example>\r\n\r\nContent-Type: text/html\r\n\r\n<p>';
    expect(read(cpim, 'message/cpim').types).toEqual(['message/cpim', 'text/html']);
    expect(read(parts(`Content-Type: message/CPIM\r\n\r\n${cpim}`), mixed).types).toEqual(['multipart/mixed', 'message/cpim', 'text/html']);
  });

  it('never throws, whatever it is', () => {
    const piece = fc.oneof(
      fc.constantFrom('--b1', '\r\n', '\n', '--', 'Content-Type: ', mixed, 'application/sdp', 'message/cpim', 'm=audio 1', 'm=', ';', '"'),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), fc.constantFrom(mixed, 'message/cpim', 'application/sdp', 'x'), (pieces, type) => {
        const { types, media } = read(pieces.join(''), type);
        for (const word of [...(types ?? []), ...(media ?? [])]) expect(word).toMatch(/^[a-z0-9!#$&^_.+/-]+$/);
      }),
    );
  });
});
