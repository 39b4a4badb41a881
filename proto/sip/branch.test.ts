import { describe, expect, it } from 'vitest';
import { downstreamBranch, isLoop, loopHash, readBranch } from './branch.js';
import { defaultLimits } from './limits.js';
import { type Message, parseMessage } from './message.js';
import { bytesOf, sampleRequest, usualLines, usualLinesBut } from './sample-request.js';

const parse = (text: string): Message => parseMessage(bytesOf(text), defaultLimits);
const hosts: ReadonlySet<string> = new Set(['hub.example']);

describe('a branch', () => {
  it.each([
    '',
    'z9hG4bK',
    'z9hG4bKe',
    'z9hG4bKe.1',
    'z9hG4bK.1.2',
    'z9hG4bKe.1.',
    'z9hG4bKe..2',
    'z9hG4bKe.1.2.',
    'z9hG4bKe.1.2.0',
    'z9hG4bKe.01.2',
    'z9hG4bKe.1.2.3.4',
    'z9hG4bKe.1.A',
    'z9hG4bKe.1.-2',
    'z9hG4bKe.1z141z4.2',
    'z9hG4bKe.zzzzzzzz.2',
    'Z9HG4BKe.1.2',
    'xz9hG4bKe.1.2',
  ])('of others is not ours: %j', (branch) => {
    expect(readBranch(branch)).toBeUndefined();
  });

  it.each([
    ['e', 0, 0, 0, 'z9hG4bKe.0.0'],
    ['k3x9a', 1, 35, 0, 'z9hG4bKk3x9a.1.z'],
    ['k-_3', 0xffffffff, 0x7fffffff, 1, 'z9hG4bKk-_3.1z141z3.zik0zj.1'],
    ['e', 12, 34, 37, 'z9hG4bKe.c.y.11'],
  ])('%s %i %i %i is written and read', (epoch, transaction, loop, attempt, branch) => {
    expect(downstreamBranch(epoch, transaction, loop, attempt)).toBe(branch);
    expect(readBranch(branch)).toEqual({ epoch, transaction, loop, attempt });
  });
});

describe('loopHash', () => {
  const usual = loopHash(parse(sampleRequest()));

  it.each([
    ['the Request-URI', sampleRequest({ start: 'MESSAGE sip:bob2@bolt.example SIP/2.0' })],
    ['the From tag', sampleRequest({ lines: usualLinesBut('From', 'From: <sip:alice@acme.example>;tag=f2') })],
    ['the To tag', sampleRequest({ lines: usualLinesBut('To', 'To: <sip:bob@bolt.example>;tag=t') })],
    ['the To tag without brackets', sampleRequest({ lines: usualLinesBut('To', 'To: sip:bob@bolt.example;tag=t') })],
    ['the Call-ID', sampleRequest({ lines: usualLinesBut('Call-ID', 'Call-ID: c2@acme.example') })],
    ['the CSeq number', sampleRequest({ lines: usualLinesBut('CSeq', 'CSeq: 2 MESSAGE') })],
    ['Proxy-Require', sampleRequest({ more: ['Proxy-Require: x'] })],
    ['Route', sampleRequest({ more: ['Route: <sip:r.example;lr>'] })],
  ])('changes with %s', (_, text) => {
    expect(loopHash(parse(text))).not.toBe(usual);
  });

  it.each([
    ['a Via', sampleRequest({ lines: ['Via: SIP/2.0/TLS b.example;branch=z9hG4bKb', ...usualLines] })],
    ['Max-Forwards', sampleRequest({ lines: usualLinesBut('Max-Forwards', 'Max-Forwards: 69') })],
    ['Record-Route', sampleRequest({ more: ['Record-Route: <sip:r.example;lr>'] })],
    ['the body', sampleRequest({ body: 'bye' })],
    ['the display name', sampleRequest({ lines: usualLinesBut('From', 'f: Alice <sip:alice@acme.example>;tag=f1') })],
    ['the method of CSeq', sampleRequest({ start: 'CANCEL sip:bob@bolt.example SIP/2.0', lines: usualLinesBut('CSeq', 'CSeq: 1 CANCEL') })],
  ])('does not change with %s', (_, text) => {
    expect(loopHash(parse(text))).toBe(usual);
  });

  it('is the same wherever the message stands in its buffer, and a number for the bus', () => {
    const text = sampleRequest();
    expect(loopHash(parseMessage(bytesOf(`xyz${text}`), defaultLimits, 3))).toBe(usual);
    expect(Number.isInteger(usual) && usual >= 0 && usual < 2 ** 31).toBe(true);
  });
});

describe('isLoop', () => {
  const loop = loopHash(parse(sampleRequest()));
  const via = (host: string, branch: string) => `Via: SIP/2.0/TLS ${host};branch=${branch}`;
  const looped = (...vias: string[]) => isLoop(parse(sampleRequest({ lines: [...vias, ...usualLines] })), hosts, loop);

  it.each([
    ['no Via of ours', []],
    ['another loop hash: a spiral', [via('hub.example', downstreamBranch('e', 1, loop + 1, 0))]],
    ['another host', [via('hub2.example', downstreamBranch('e', 1, loop, 0))]],
    ['another branch that has the number in it', [via('hub.example', `z9hG4bK.${loop.toString(36)}`)]],
    ['the number as attempt', [via('hub.example', `z9hG4bKe.1.2.${loop.toString(36)}`)]],
  ])('no: %s', (_, vias) => {
    expect(looped(...vias)).toBe(false);
  });

  it.each([
    ['on top', [via('hub.example:5061', downstreamBranch('e', 1, loop, 0))]],
    ['of a failed-over attempt', [via('HUB.example', downstreamBranch('e', 1, loop, 2))]],
    ['below others', [via('x.example', 'z9hG4bKx'), via('hub.example', downstreamBranch('e', 1, loop, 0))]],
    ['second in one field', [`${via('x.example', 'z9hG4bKx')}, ${via('hub.example', downstreamBranch('e', 1, loop, 0)).slice(5)}`]],
  ])('yes: %s', (_, vias) => {
    expect(looped(...vias)).toBe(true);
  });
});
