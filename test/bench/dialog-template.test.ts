import { describe, expect, it } from 'vitest';
import {
  createDialogQueue,
  createDialogTemplates,
  createHangUpTemplate,
  createInviteTemplate,
  createNotifyTemplate,
  createSubscribeTemplate,
  type DialogPath,
} from './dialog-template.js';
import { createRequestTemplate, memberDomain } from './request-template.js';

const talk = { from: 'a.example', to: 'b.example', run: 'run1' };
const path: DialogPath = { target: 'sip:line@b.example;transport=tls', routes: ['<sip:one;lr>', '<sip:two;lr>'] };

/** The messages of a stream of requests without a body, or the one with a body. */
function heads(text: string): string[] {
  return text.split('\r\n\r\n').filter((head) => head.includes('SIP/2.0'));
}

function line(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, 'm').exec(head.replaceAll('\r\n', '\n'))?.[1];
}

describe('what opens dialogs', () => {
  it.each([
    ['INVITE', createInviteTemplate(talk)],
    ['SUBSCRIBE', createSubscribeTemplate(talk)],
  ])('is of one length, whole and has its number everywhere: %s', (method, template) => {
    const text = template.batch(9, 2).toString('latin1');
    const two = [text.slice(0, template.length), text.slice(template.length)];
    expect(two.map((one) => one.split(' ', 1)[0])).toEqual([method, method]);
    for (const [index, one] of two.entries()) {
      const number = String(9 + index).padStart(8, '0');
      const [head = '', body = ''] = one.split('\r\n\r\n');
      const rest = one.slice(head.length + 4);
      expect([line(head, 'Call-ID'), line(head, 'CSeq')]).toEqual([`${number}@run1.a.example`, `1 ${method}`]);
      expect(head).toContain(`branch=z9hG4bKrun1.${number}`);
      expect(Number(line(head, 'Content-Length'))).toBe(rest.length);
      expect(line(head, 'Contact')).toBe('<sip:line@a.example;transport=tls>');
      expect(`${head}${body}`).not.toMatch(/[#~]/);
    }
  });

  it('has an offer in 900 bytes', () => {
    expect(createInviteTemplate(talk).length).toBe(900);
    expect(createInviteTemplate(talk).batch(0, 1).toString('latin1')).toContain('\r\n\r\nv=0\r\n');
  });
});

describe('what follows in dialogs', () => {
  it('acknowledges and hangs up: two transactions by the dialog’s routes', () => {
    const [ack = '', bye = '', ...more] = heads(createHangUpTemplate(talk, path).of([7]).toString('latin1'));
    expect(more).toEqual([]);
    expect([ack, bye].map((head) => head.split('\r\n', 1)[0])).toEqual([
      'ACK sip:line@b.example;transport=tls SIP/2.0',
      'BYE sip:line@b.example;transport=tls SIP/2.0',
    ]);
    expect([ack, bye].map((head) => line(head, 'CSeq'))).toEqual(['1 ACK', '2 BYE']);
    // Neither is that of the INVITE (RFC 3261 13.2.2.4).
    expect([ack, bye].map((head) => /branch=(\S+)/.exec(head)?.[1])).toEqual(['z9hG4bKrun1.a00000007', 'z9hG4bKrun1.b00000007']);
    for (const head of [ack, bye]) {
      expect(head).toContain('\r\nRoute: <sip:one;lr>\r\nRoute: <sip:two;lr>\r\n');
      expect(line(head, 'To')).toBe('<sip:u00000007@b.example>;tag=sink');
      expect(line(head, 'From')).toBe('<sip:sender@a.example>;tag=00000007');
      expect(line(head, 'Call-ID')).toBe('00000007@run1.a.example');
    }
  });

  it('notifies the other way, with 4 KiB of body', () => {
    const text = createNotifyTemplate(talk, path).of([7]).toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    const [head, body] = [text.slice(0, end), text.slice(end + 4)];
    expect([line(head, 'From'), line(head, 'To')]).toEqual(['<sip:u00000007@b.example>;tag=sink', '<sip:sender@a.example>;tag=00000007']);
    expect([body.length, line(head, 'Content-Length'), line(head, 'CSeq')]).toEqual([4096, '4096', '1 NOTIFY']);
  });
});

describe('the way of a dialog', () => {
  const response = (number: string, routes: readonly string[]) =>
    `SIP/2.0 200 OK\r\nVia: x\r\n${routes.map((route) => `Record-Route: ${route}\r\n`).join('')}Contact: <sip:far@b.example>\r\nCall-ID: ${number}@run1.a.example`;

  function created(reverse: boolean) {
    const paths: (DialogPath & { run: string })[] = [];
    const queue = createDialogQueue(
      createDialogTemplates(reverse, (way, run) => {
        paths.push({ ...way, run });
        return createHangUpTemplate(talk, way);
      }),
    );
    const add = (text: string) => queue.add(`skip${text}`, 4, text.length + 4);
    return { paths, queue, add };
  }

  it.each([
    [true, ['<sip:c;lr>', '<sip:b;lr>', '<sip:a;lr>']],
    [false, ['<sip:a;lr>', '<sip:b;lr>', '<sip:c;lr>']],
  ])('is that of the Record-Routes, reversed for the caller: %s', (reverse, routes) => {
    const { paths, add } = created(reverse);
    add(response('00000001', ['<sip:a;lr>', '<sip:b;lr>, <sip:c;lr>']));
    expect(paths).toEqual([{ target: 'sip:far@b.example', routes, run: 'run1' }]);
  });

  it('is read once where it is the same, and keeps dialogs apart where it is not', () => {
    const { paths, queue, add } = created(true);
    expect(queue.take()).toBeUndefined();
    add(response('00000001', ['<sip:a;lr>']));
    add(response('00000002', ['<sip:a;lr>']));
    add(response('00000003', ['<sip:other;lr>']));
    const text = queue.take()?.toString('latin1') ?? '';
    expect(paths).toHaveLength(2);
    expect(heads(text).map((head) => `${head.split(' ', 1)[0]} ${line(head, 'Route')} ${line(head, 'Call-ID')?.slice(0, 8)}`)).toEqual([
      'ACK <sip:a;lr> 00000001',
      'BYE <sip:a;lr> 00000001',
      'ACK <sip:a;lr> 00000002',
      'BYE <sip:a;lr> 00000002',
      'ACK <sip:other;lr> 00000003',
      'BYE <sip:other;lr> 00000003',
    ]);
    expect(queue.take()).toBeUndefined();
  });

  it('does not take what stands in the next message', () => {
    const { paths, queue } = created(true);
    const [one, next] = [response('00000001', []), response('00000002', ['<sip:a;lr>'])];
    queue.add(`${one}\r\n\r\n${next}`, 0, one.length);
    expect(paths).toMatchObject([{ routes: [] }]);
  });
});

describe('requests to many members', () => {
  it('go to each in a row, in turn, and are of one length', () => {
    const template = createRequestTemplate('a.example', { kind: 'many', members: 3, run: 2 }, 'run1', 600);
    const text = template.batch(0, 8).toString('latin1');
    expect(text.length).toBe(8 * 600);
    const domains = [...text.matchAll(/MESSAGE sip:u\d{8}@(\S+) SIP/gm)].map((found) => found[1]);
    expect(domains).toEqual([0, 0, 1, 1, 2, 2, 0, 0].map(memberDomain));
    expect([...text.matchAll(/^To: <sip:u\d{8}@(\S+)>/gm)].map((found) => found[1])).toEqual(domains);
  });
});
