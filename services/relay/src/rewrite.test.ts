import { defaultLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage } from '@guildhall/proto/sip/message';
import { readSender, unknownSender } from '@guildhall/proto/sip/received';
import { parseVia } from '@guildhall/proto/sip/via';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editedHead, type Hop, hereOf, rewrite, stripVia } from './rewrite.js';

const here = hereOf({ host: 'hub.example', port: 5061 }, 'hub.example');
const plain: Hop = { here, branch: 'z9hG4bKe.1.2', recordRoute: '', source: unknownSender };
const ours = 'Via: SIP/2.0/TLS hub.example:5061;branch=z9hG4bKe.1.2';

function message(lines: readonly string[], body = ''): Message {
  return parseMessage(Buffer.from(`${[...lines, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`, 'latin1'), defaultLimits);
}

/** The head on the next wire. */
function rewritten(came: Message, hop: Hop): string {
  return editedHead(came, rewrite(came, hop));
}

/** The header lines of a rewritten head without start line and Content-Length. */
function lines(head: string): string[] {
  return head.split('\r\n').slice(1, -3);
}

const start = 'MESSAGE sip:bob@bolt.example SIP/2.0';
const via = 'Via: SIP/2.0/TLS sip.acme.example:6061;branch=z9hG4bKa';

describe('the head on the next wire', () => {
  const source = readSender('192.0.2.7:40001');
  const cases: [why: string, came: string[], hop: Partial<Hop>, leaves: string[]][] = [
    ['adds our Via and a Max-Forwards where there is none', [via], {}, [ours, 'Max-Forwards: 70', via]],
    ['counts Max-Forwards down', [via, 'Max-Forwards: 70'], {}, [ours, via, 'Max-Forwards: 69']],
    ['keeps its spelling', [via, 'mAX-fORWARDS :  007 '], {}, [ours, via, 'mAX-fORWARDS :  6 ']],
    ['never counts below 0', [via, 'Max-Forwards: 0'], {}, [ours, via, 'Max-Forwards: 0']],
    [
      'puts Record-Route above those that are there',
      [via, 'Record-Route: <sip:a.example;lr>', 'Max-Forwards: 2'],
      { recordRoute: '<sip:g1.t@hub.example:5061;transport=tls;lr>' },
      [ours, 'Record-Route: <sip:g1.t@hub.example:5061;transport=tls;lr>', via, 'Record-Route: <sip:a.example;lr>', 'Max-Forwards: 1'],
    ],
    [
      'removes another edge’s claims of trust, however spelled, and keeps what is not a claim',
      [
        'MS-Edge-Proxy-Message-Trust: ms-source-type=EdgeProxyGenerated;\r\n ms-ep-fqdn=x',
        via,
        'Max-Forwards: 2',
        'P-Asserted-Identity: <sip:a@acme.example>',
      ],
      {},
      [ours, via, 'Max-Forwards: 1', 'P-Asserted-Identity: <sip:a@acme.example>'],
    ],
    [
      'says where it came from, if that is not what Via says',
      [via, 'Max-Forwards: 2'],
      { source },
      [ours, `${via};received=192.0.2.7`, 'Max-Forwards: 1'],
    ],
    [
      'says so only where it differs',
      ['v: SIP/2.0/TLS 192.0.2.7:6061;branch=z9hG4bKa', 'Max-Forwards: 2'],
      { source },
      [ours, 'v: SIP/2.0/TLS 192.0.2.7:6061;branch=z9hG4bKa', 'Max-Forwards: 1'],
    ],
    [
      'fills rport, then received always',
      ['Via: SIP/2.0/TLS 192.0.2.7;rport;branch=z9hG4bKa, SIP/2.0/TLS other.example;branch=z9hG4bKb', 'Max-Forwards: 2'],
      { source },
      [
        ours,
        'Via: SIP/2.0/TLS 192.0.2.7;rport=40001;branch=z9hG4bKa;received=192.0.2.7, SIP/2.0/TLS other.example;branch=z9hG4bKb',
        'Max-Forwards: 1',
      ],
    ],
    [
      'touches the sender’s own Via only',
      [via, 'Via: SIP/2.0/TLS inner.example;rport;branch=z9hG4bKb', 'Max-Forwards: 2'],
      { source },
      [ours, `${via};received=192.0.2.7`, 'Via: SIP/2.0/TLS inner.example;rport;branch=z9hG4bKb', 'Max-Forwards: 1'],
    ],
    ['removes our Route', [via, 'Route: <sip:hub.example;lr>', 'Max-Forwards: 2'], {}, [ours, via, 'Max-Forwards: 1']],
    [
      'removes our leading Routes over several lines and values, and nothing behind them',
      [
        via,
        'Route: <sip:g1.t@HUB.example:5061;transport=tls;lr>',
        'Route: <sips:hub.example;lr>,  <sip:p.bolt.example;lr>, <sip:hub.example;lr>',
        'Route: <sip:q.bolt.example;lr>',
        'Max-Forwards: 2',
      ],
      {},
      [ours, via, 'Route: <sip:p.bolt.example;lr>, <sip:hub.example;lr>', 'Route: <sip:q.bolt.example;lr>', 'Max-Forwards: 1'],
    ],
    [
      'removes both Routes of a dialog that crosses interfaces, whatever host they name',
      [via, 'Route: <sip:g1.t@inside.example;lr>', 'Route: <sip:g1.t@hub.example;lr>, <sip:p.bolt.example;lr>', 'Max-Forwards: 2'],
      {},
      [ours, via, 'Route: <sip:p.bolt.example;lr>', 'Max-Forwards: 1'],
    ],
    [
      'leaves the Route by which a spiral comes back to the hub, and that of another hub',
      [via, 'Route: <sip:g1.t@hub.example;lr>', 'Route: <sip:g1.u@hub.example;lr>', 'Route: <sip:g1.v@hub.other;lr>', 'Max-Forwards: 2'],
      {},
      [ours, via, 'Route: <sip:g1.u@hub.example;lr>', 'Route: <sip:g1.v@hub.other;lr>', 'Max-Forwards: 1'],
    ],
    [
      'leaves what is behind our own Route alone, though no URI may have a parameter twice',
      [via, 'Route: <sip:hub.example;lr>, <sip:p.bolt.example;lr;lr>', 'Max-Forwards: 2'],
      {},
      [ours, via, 'Route: <sip:p.bolt.example;lr;lr>', 'Max-Forwards: 1'],
    ],
    [
      'makes no Request-URI of a value with header fields',
      [via, 'Route: <sip:hub.example;lr>', 'Route: <sip:p.bolt.example?a=b>', 'Max-Forwards: 2'],
      {},
      [ours, via, 'Route: <sip:p.bolt.example?a=b>', 'Max-Forwards: 1'],
    ],
    [
      'leaves a Route that leads elsewhere',
      [via, 'Route: <sip:hub.example.evil.example;lr>', 'Max-Forwards: 2'],
      {},
      [ours, via, 'Route: <sip:hub.example.evil.example;lr>', 'Max-Forwards: 1'],
    ],
    [
      'leaves the Request-URI alone where the next Route is a loose router’s, whatever follows',
      [via, 'Route: <sip:g1.t@hub.example;lr>, <sip:p.bolt.example;lr=on>, <sip:q.bolt.example>', 'Max-Forwards: 2'],
      {},
      [ours, via, 'Route: <sip:p.bolt.example;lr=on>, <sip:q.bolt.example>', 'Max-Forwards: 1'],
    ],
    [
      'knows its sent-by with its port only',
      [via, 'Route: <sip:192.0.2.1;lr>', 'Route: <sip:192.0.2.1:6071;lr>', 'Max-Forwards: 2'],
      { here: hereOf({ host: '192.0.2.1', port: 5061 }, 'hub.example') },
      ['Via: SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bKe.1.2', via, 'Route: <sip:192.0.2.1:6071;lr>', 'Max-Forwards: 1'],
    ],
  ];
  it.each(cases)('%s', (_why, came, hop, leaves) => {
    expect(lines(rewritten(message([start, ...came]), { ...plain, ...hop }))).toEqual(leaves);
  });
});

describe('a strict router that is next (RFC 3261 16.6 step 6)', () => {
  it.each([
    ['alone', ['Route: <sip:g1.t@hub.example;lr>, <sip:p.bolt.example>'], ['Route: <sip:bob@10.2.2.2;x=y>']],
    [
      'before others',
      ['Route: <sip:g1.t@hub.example;lr>', 'Route: <sip:p.bolt.example>, <sip:q.bolt.example;lr>', 'Route: <sip:r.bolt.example>'],
      ['Route: <sip:q.bolt.example;lr>', 'Route: <sip:r.bolt.example>', 'Route: <sip:bob@10.2.2.2;x=y>'],
    ],
  ])('%s: gets its own URI as Request-URI, which becomes the last Route', (_why, came, leave) => {
    const said = message(['BYE sip:bob@10.2.2.2;x=y SIP/2.0', via, ...came, 'Max-Forwards: 2', 'X-Last: 1'], 'body');
    const head = rewritten(said, plain);
    expect(head.split('\r\n')[0]).toBe('BYE sip:p.bolt.example SIP/2.0');
    const written = parseMessage(Buffer.from(`${head}body`, 'latin1'), defaultLimits);
    expect(lines(head).filter((line) => line.startsWith('Route:'))).toEqual(leave.slice(0, -1));
    expect(written.head.endsWith(`Content-Length: 4\r\n${leave.at(-1)}\r\n\r\n`)).toBe(true);
  });
});

const name = fc
  .stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,12}$/)
  .filter((text) => !/^(v|r|l|m|via|route|max-forwards|content-length|record-route)$/i.test(text));
const value = fc.stringMatching(/^[\x21-\x7e\xa0-\xff]([\x20-\x7e\xa0-\xff]{0,40}[\x21-\x7e\xa0-\xff])?$/);
const fields = fc.array(fc.tuple(name, value, fc.constantFrom(': ', ':', ' : ', ':\t', ':\r\n  ')), { maxLength: 20 });

describe('whatever else is in a message', () => {
  it('leaves byte for byte', () => {
    fc.assert(
      fc.property(fields, fields, fc.string({ unit: 'binary', maxLength: 50 }), (above, below, text) => {
        const body = Buffer.from(text, 'utf8').toString('latin1');
        const foreign = (all: typeof above) => all.map(([n, v, colon]) => `Z${n}${colon}${v}`);
        const came = message([start, ...foreign(above), via, 'Max-Forwards: 9', ...foreign(below)], body);
        expect(lines(rewritten(came, plain)).join('\r\n')).toBe(
          [ours, ...foreign(above), via, 'Max-Forwards: 8', ...foreign(below)].join('\r\n'),
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe('our Via taken off a response', () => {
  const top = 'SIP/2.0/TLS hub.example:5061;branch=z9hG4bKe.1.2';
  const cases: [why: string, vias: string[], leaves: string[] | undefined][] = [
    ['has nobody behind us', [`Via: ${top}`], undefined],
    ['a line of its own', [`Via: ${top}`, 'v: SIP/2.0/TLS a.example;branch=z9hG4bKa'], ['v: SIP/2.0/TLS a.example;branch=z9hG4bKa']],
    [
      'the first of several values',
      [`v:  ${top} ,\r\n SIP/2.0/TLS a.example;branch=z9hG4bKa`],
      ['v:  SIP/2.0/TLS a.example;branch=z9hG4bKa'],
    ],
    [
      'below other headers',
      ['Server: x', `Via: ${top}`, 'Via: SIP/2.0/TLS a.example;branch=z9hG4bKa'],
      ['Server: x', 'Via: SIP/2.0/TLS a.example;branch=z9hG4bKa'],
    ],
  ];
  it.each(cases)('%s', (_why, vias, leaves) => {
    const head = stripped(message(['SIP/2.0 200 OK', ...vias]));
    expect(head === undefined ? undefined : lines(head)).toEqual(leaves);
  });

  it('undoes what rewrite put on', () => {
    fc.assert(
      fc.property(fields, (others) => {
        const rest = [via, ...others.map(([n, v, colon]) => `Z${n}${colon}${v}`)];
        expect(lines(stripped(message(['SIP/2.0 200 OK', ours, ...rest])) ?? '').join('\r\n')).toBe(rest.join('\r\n'));
      }),
    );
  });
});

/** The head of a response without our Via, which is its first. */
function stripped(m: Message): string | undefined {
  const at = m.head.search(/^v(ia)?\s*:/im);
  const valueStart = m.head.indexOf('SIP/2.0', at);
  const line = m.table.findIndex((offset, index) => index % 4 === 2 && offset === valueStart);
  const via = parseVia(m.head, valueStart, m.table[line + 1] ?? 0);
  const edited = stripVia(m, via.start, via.next);
  return edited === undefined ? undefined : editedHead(m, edited);
}
