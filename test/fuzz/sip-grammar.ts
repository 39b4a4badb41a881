import type { Random } from './random.js';

/**
 * SIP as peers write it and a little beyond: each function makes one production of RFC 3261 25, mostly sound, sometimes at the rim of the grammar. Latin1 text.
 */

/** Pieces that mutation puts into messages and values. */
export const sipWords: readonly string[] = [
  'SIP/2.0',
  'sip:',
  'sips:',
  'tel:',
  'SIP/2.0/TLS ',
  '\r\n',
  '\r\n ',
  '\r\n\t',
  '\r\n\r\n',
  ';branch=',
  ';branch=z9hG4bK',
  ';rport',
  ';received=',
  ';tag=',
  ';lr',
  ';maddr=',
  '<sip:',
  '>',
  ',',
  '"',
  '\\"',
  '%40',
  '%00',
  '%zz',
  '[::1]',
  '[::ffff:192.0.2.1]',
  'hub.example',
  'acme.example',
  'bolt.example',
  'z9hG4bKe1.1.2',
  'g1.k1.acme.bolt.I.',
  'Via: ',
  'v: ',
  'Route: ',
  'Record-Route: ',
  'From: ',
  'To: ',
  'Content-Length: 0\r\n',
  'l: 0\r\n',
  'Max-Forwards: 0\r\n',
  'P-Asserted-Identity: <sip:a@acme.example>\r\n',
  'ms-edge-proxy-message-trust: x\r\n',
  'Proxy-Require: x\r\n',
  'CANCEL',
  'ACK',
  'OPTIONS',
];

const methods = ['MESSAGE', 'INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'REFER', 'X-y', "!%*_+`'~"];
const letters = "abzAZ09-.!%*_+`'~";

function token(random: Random): string {
  let text = '';
  for (let left = 1 + random.below(8); left > 0; left -= 1) text += letters[random.below(letters.length)] ?? 'a';
  return text;
}

function space(random: Random): string {
  return random.once(6) ? random.pick([' ', '  ', '\t', '\r\n ', ' \r\n\t']) : '';
}

/** A host, now and then one that is none. */
export function host(random: Random): string {
  return random.pick([
    'acme.example',
    'bolt.example',
    'hub.example',
    'sip.acme.example',
    'ACME.Example',
    'acme.example.',
    '192.0.2.1',
    '[2001:db8::1]',
    '[::ffff:192.0.2.1]',
    '127.0.0.1',
    'a_b.example',
    'x',
    'a..b',
    '[::1',
  ]);
}

function hostPort(random: Random): string {
  return host(random) + (random.once(3) ? random.pick([':5061', ':5060', ':1', ':65535', ':0', ':65536', ':', ': 5061']) : '');
}

function parameters(random: Random, most: number): string {
  let text = '';
  for (let left = random.below(most + 1); left > 0; left -= 1) {
    const value = random.pick(['', '=x', '="a b"', '="a\\"b;,>"', `=${token(random)}`, '=192.0.2.1', '=[::1]']);
    text += `${space(random)};${space(random)}${random.once(2) ? random.pick(['lr', 'transport', 'maddr', 'tag', 'ttl', 'x']) : token(random)}${value}`;
  }
  return text;
}

/** A URI of a scheme that the hub knows, or of another. */
export function uri(random: Random): string {
  if (random.once(8))
    return random.pick(['tel:+1-201-555-0123;phone-context=x', 'mailto:a@b', 'http://a/b?c', 'urn:service:sos', 'x:', ':a']);
  const user = random.pick(['alice@', 'bob@', 'a%20b@', 'a:secret@', '', 'a;b=c@', 'g1.k1.acme.bolt.I.AAAA@', '+1201@', '%@', '#@', 'é@']);
  const plain = parameters(random, 2).replace(/[\s"<>\\]/g, '');
  return `${random.pick(['sip:', 'sip:', 'sips:', 'SIP:'])}${user}${hostPort(random).replace(' ', '')}${plain}${random.once(12) ? '?subject=x&a=b' : ''}`;
}

/** A name-addr or addr-spec with parameters. */
export function address(random: Random): string {
  const where = uri(random);
  if (random.once(6)) return `${where}${parameters(random, 2)}`;
  const display = random.pick(['', '', 'Alice ', '"Alice" ', '"a \\" <b>, c" ', 'A  B\r\n C ', '"\\\\"', 'é ']);
  return `${display}${space(random)}<${where}>${parameters(random, 2)}`;
}

/** One Via value. */
export function via(random: Random): string {
  const protocol = random.once(8) ? random.pick(['SIP / 2.0 / TLS', 'sip/2.0/udp', 'SIP/3.0/TLS', 'SIP/2.0/']) : 'SIP/2.0/TLS';
  const branch = random.pick(['', ';branch=z9hG4bKa1', ';branch=z9hG4bKe1.1.2', ';branch=z9hG4bKe1.2s.7.1', ';branch=', ';BRANCH=x']);
  const more = random.pick(['', ';rport', ';rport=5061', ';received=192.0.2.9', ';rport;received=::1', ';alias', ';received']);
  return `${protocol} ${space(random)}${hostPort(random)}${branch}${more}${parameters(random, 1)}`;
}

function list(random: Random, one: (random: Random) => string): string {
  let text = one(random);
  while (random.once(3)) text += `${space(random)},${space(random)}${one(random)}`;
  return text;
}

/** A value of Route or Record-Route. */
export function routes(random: Random): string {
  return list(random, () => {
    const user = random.pick(['', '', 'g1.k1.acme.bolt.I.AAAA@', 'x@']);
    const loose = random.once(4) ? random.pick(['', ';LR', ';lrx', ';lr=on', ';x;x', '?a=b']) : ';lr';
    return `<sip:${user}${random.pick(['hub.example', 'hub.example:5061', '127.0.0.1:5061', 'bolt.example', '[::1]'])}${loose}>${parameters(random, 1)}`;
  });
}

function field(random: Random, name: string, compact: string, value: string): string {
  const written = random.once(6) ? random.pick([compact, name.toLowerCase(), name.toUpperCase()]) : name;
  return `${written}${random.once(12) ? ' ' : ''}:${random.once(10) ? '' : ' '}${value}${random.once(20) ? ' ' : ''}\r\n`;
}

function otherField(random: Random): string {
  return random.pick([
    () => field(random, 'Route', 'route', routes(random)),
    () => field(random, 'Record-Route', 'Record-route', routes(random)),
    () => field(random, 'Contact', 'm', list(random, address)),
    () => field(random, 'P-Asserted-Identity', 'P-asserted-identity', list(random, address)),
    () => field(random, 'Event', 'o', random.pick(['presence', 'Dialog;id=1', '', 'a b', 'x'.repeat(70)])),
    () => field(random, 'Content-Type', 'c', random.pick(['text/plain', 'application/sdp', 'multipart/mixed;boundary=b', 'x'])),
    () => field(random, 'Subject', 's', random.pick(['hi', 'a\r\n b', '', 'é', '"'])),
    () => 'ms-edge-proxy-message-trust: ms-source-type=EdgeProxyGenerated\r\n',
    () => field(random, 'Proxy-Require', 'proxy-require', random.pick(['foo', 'foo, bar', '"\r\n x', '\xff'])),
    () => field(random, 'Timestamp', 'timestamp', '54.1'),
    () => `X-${token(random)}: ${token(random)}\r\n`,
    () => field(random, 'Via', 'v', list(random, via)),
  ])();
}

/** A whole request; most have everything that the hub asks for. */
export function request(random: Random): string {
  const method = random.pick(methods);
  const body = random.pick(['', 'hello', 'v=0\r\nm=audio 1 RTP/AVP 0\r\n', '--b\r\n\r\nx\r\n--b--\r\n', '\0\r\n\r\n']);
  const lines = [
    field(random, 'Via', 'v', list(random, via)),
    field(random, 'From', 'f', random.once(3) ? address(random) : `<sip:alice@acme.example>;tag=${token(random)}`),
    field(random, 'To', 't', random.once(3) ? address(random) : '<sip:bob@bolt.example>'),
    field(random, 'Call-ID', 'i', random.once(8) ? token(random) : 'c1@acme.example'),
    field(
      random,
      'CSeq',
      'CSEQ',
      `${random.pick(['1', '0', '2147483647', '2147483648', '007'])} ${random.once(12) ? token(random) : method}`,
    ),
  ];
  if (!random.once(5)) lines.push(field(random, 'Max-Forwards', 'max-forwards', random.pick(['70', '70', '0', '1', '255', '256', '007'])));
  while (random.once(2)) lines.push(otherField(random));
  if (random.once(3)) lines.sort(() => random.below(3) - 1);
  if (random.once(8)) lines.splice(random.below(lines.length), 1);
  lines.splice(random.below(lines.length + 1), 0, field(random, 'Content-Length', 'l', `${body.length}`));
  return `${method} ${random.once(3) ? uri(random) : 'sip:bob@bolt.example'} SIP/2.0\r\n${lines.join('')}\r\n${body}`;
}

/** A whole response to something like that. */
export function response(random: Random): string {
  const status = random.pick(['200 OK', '100 Trying', '180 Ringing', '503 No', '699 ', '404 Not\tFound', '202 é', '099 x', '700 x']);
  const head = request(random);
  return `SIP/2.0 ${status}${head.slice(head.indexOf('\r\n'))}`;
}
