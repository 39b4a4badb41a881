import { describe, expect, it } from 'vitest';
import { Header } from './header-name.js';
import { defaultLimits } from './limits.js';
import { type Message, parseMessage } from './message.js';
import { routeEntries } from './route.js';
import { bytesOf, sampleRequest } from './sample-request.js';
import { SipError } from './sip-error.js';

const withLines = (...more: string[]): Message => parseMessage(bytesOf(sampleRequest({ more })), defaultLimits);

describe('routeEntries', () => {
  it.each([
    'Route:',
    'Route: ,',
    'Route: <sip:a>,',
    'Route: <sip:a>,,<sip:b>',
    'Route: sip:a;lr',
    'Route: <sip:a',
    'Route: <>',
    'Route: <sip:a> <sip:b>',
    'Route: "a <sip:a>',
    'Route: <sip:a>x',
  ])('refuses %j', (line) => {
    expect(() => routeEntries(withLines(line), Header.route)).toThrow(SipError);
  });

  it('finds every value of every field, in order, with exact places', () => {
    const m = withLines(
      'Route: <sip:a.example;lr>',
      'Record-Route: <sip:r.example;lr>',
      'Subject: <sip:no.example>',
      'ROUTE:  "x, <y>" <sip:b.example;lr>;p="," ,\r\n <sips:u,v@c.example>  ',
    );
    const entries = routeEntries(m, Header.route);
    expect(entries.map((entry) => m.head.slice(entry.start, entry.end))).toEqual([
      '<sip:a.example;lr>',
      '"x, <y>" <sip:b.example;lr>;p=","',
      '<sips:u,v@c.example>',
    ]);
    expect(entries.map((entry) => m.head.slice(entry.uriStart, entry.uriEnd))).toEqual([
      'sip:a.example;lr',
      'sip:b.example;lr',
      'sips:u,v@c.example',
    ]);
    expect(entries.map((entry) => entry.headerIndex)).toEqual([6, 9, 9]);
    expect(routeEntries(m, Header.recordRoute)).toHaveLength(1);
    expect(routeEntries(withLines(), Header.route)).toEqual([]);
  });
});
