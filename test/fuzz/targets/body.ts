import { readBody } from '@guildhall/ingress/body-facts';
import { offeredMedia } from '@guildhall/ingress/sdp-media';
import type { Random } from '../random.js';
import { bytesOf, promise, type Target } from '../target.js';

const types = [
  'application/sdp',
  'multipart/mixed;boundary=b',
  'multipart/mixed; boundary="a b"',
  'multipart/related;boundary=b;boundary=c',
  'message/cpim',
  'text/plain',
  '',
  'application/pkcs7-mime',
];
const words: readonly string[] = [
  ...types,
  '--b\r\n',
  '--b--\r\n',
  '\n--b',
  '\r\n\r\n',
  'v=0\r\n',
  'm=audio 0 RTP/AVP 0\r\n',
  'm=video 9 x\n',
  'a=bundle-only\r\n',
  'Content-Type: multipart/mixed;boundary=c\r\n\r\n',
  'Content-Transfer-Encoding: base64\r\n',
  '--c\n',
];

function body(random: Random, depth: number): string {
  switch (random.below(depth > 4 ? 2 : 4)) {
    case 0:
      return `v=0\r\no=- 1 1 IN IP4 a\r\n${Array.from({ length: random.below(4) }, () => `m=${random.pick(['audio', 'video', 'message', 'AUDIO'])} ${random.pick(['9', '0', '00', '0/2'])} x\r\n`).join('')}${random.once(4) ? 'a=bundle-only\r\n' : ''}`;
    case 1:
      return random.pick(['', 'hello', '\n', '\0', 'é']);
    default: {
      const part = (): string =>
        `--b\r\nContent-Type: ${random.pick(types)}\r\n${random.once(4) ? 'Content-Encoding: gzip\r\n' : ''}\r\n${body(random, depth + 1)}\r\n`;
      let text = '';
      for (let left = 1 + random.below(4); left > 0; left -= 1) text += part();
      return `${text}--b--`;
    }
  }
}

/** Bodies as rules look at them: the first line is Content-Type, the second the encoding. */
export const bodyTarget: Target = {
  name: 'body',
  about: 'a body and its type: nothing thrown, few kinds, and what cannot be read is said to be unknown',
  longest: 8_192,
  words,
  seeds: () => types.map((type) => bytesOf(`${type}\n\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nm=audio 1 x\r\n--b--`)),
  make: (random) => bytesOf(`${random.pick(types)}\n${random.once(6) ? 'gzip' : ''}\n${body(random, 0)}`),
  run(input) {
    const text = input.toString('latin1');
    const [type = '', encoding = ''] = text.split('\n', 2);
    const facts = readBody(text.slice(type.length + encoding.length + 2), { type, encoding });
    promise((facts.types?.length ?? 0) <= 66 && (facts.media?.length ?? 0) <= 16 * 66, 'kinds are few');
    promise(facts.types?.every((one) => one === one.toLowerCase() && !/\s/.test(one)) ?? true, 'types are plain');
    const media = offeredMedia(text);
    return `${Math.min(4, facts.types?.length ?? -1)} ${Math.min(4, facts.media?.length ?? -1)} ${media?.length ?? '-'}`;
  },
};
