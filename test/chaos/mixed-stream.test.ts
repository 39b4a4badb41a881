import { describe, expect, it } from 'vitest';
import { takeApart } from './mixed-stream.js';

const request = 'MESSAGE sip:a@x SIP/2.0\r\nl: 2\r\n\r\nhi';
const response = 'SIP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nyes';

describe('a stream in which both ends ask and answer', () => {
  it.each([
    ['nothing', '', [], ''],
    ['a message that is not whole', request.slice(0, -1), [], request.slice(0, -1)],
    ['a head that is not whole', response.slice(0, 20), [], response.slice(0, 20)],
    ['half of a ping', '\r\n', [], '\r\n'],
    ['a ping and an answer', `\r\n\r\n${response}`, ['requests', 'responses'], ''],
    ['a pong and an answer', `\r\n${response}`, ['requests', 'responses'], ''],
    ['one kind', request + request, ['requests'], ''],
    ['both, by turns', request + response + response + request, ['requests', 'responses', 'requests'], ''],
    ['an answer and a piece', response + request.slice(0, 9), ['responses'], request.slice(0, 9)],
  ])('%s', (_, text, kinds, rest) => {
    const apart = takeApart(text);
    expect([apart.stretches.map(({ kind }) => kind), apart.rest]).toEqual([kinds, rest]);
    expect(apart.stretches.map((one) => one.text).join('') + apart.rest).toBe(text);
  });

  it('a body that looks like a message is none', () => {
    const text = `MESSAGE sip:a@x SIP/2.0\r\nContent-Length: ${response.length}\r\n\r\n${response}${response}`;
    expect(takeApart(text).stretches.map(({ kind }) => kind)).toEqual(['requests', 'responses']);
  });

  it('comes to the same in whatever pieces it comes', () => {
    const text = `${request}${response}\r\n\r\n${response}${request}`;
    const heard: string[] = [];
    let rest = '';
    for (const letter of text) {
      const apart = takeApart(rest + letter);
      rest = apart.rest;
      heard.push(...apart.stretches.map((one) => one.text));
    }
    expect([heard, rest]).toEqual([[request, response, '\r\n\r\n', response, request], '']);
  });
});
