import { mark, numberIn, type RequestTemplate, stampOut, withBody } from './request-template.js';

/** Between whom the dialogs of a run are: domains, and letters and digits that keep the runs of one hub apart. */
export interface Talk {
  readonly from: string;
  readonly to: string;
  readonly run: string;
}

/** Of every dialog: what the answerer puts behind To (see request-echo). */
const farTag = 'sink';
/** Contacts are of the members' domains, for hubs that route by them inside dialogs. */
const contact = (domain: string): string => `<sip:line@${domain};transport=tls>`;
const offer = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 49170 RTP/AVP 0\r\na=tool:';
const presence = '<?xml version="1.0" encoding="UTF-8"?>\r\n<presence xmlns="urn:ietf:params:xml:ns:pidf"><note>';

/** Bytes of an INVITE, its offer included, and of the body of a NOTIFY. */
const inviteBytes = 900;
const notifyBodyBytes = 4096;

/** Header lines beside those copied that the answers to INVITE and SUBSCRIBE carry. */
export function contactLine(domain: string): string {
  return `Contact: ${contact(domain)}\r\n`;
}

/** The body of the answer to an INVITE. */
export const callAnswer = `${offer}bench\r\n`;

function opening(method: string, { from, to, run }: Talk): readonly string[] {
  return [
    `${method} sip:u${mark}@${to} SIP/2.0`,
    `Via: SIP/2.0/TLS proxy.${from}:5061;branch=z9hG4bK${run}.${mark}`,
    'Max-Forwards: 70',
    `From: <sip:sender@${from}>;tag=${mark}`,
    `To: <sip:u${mark}@${to}>`,
    `Call-ID: ${mark}@${run}.${from}`,
    `CSeq: 1 ${method}`,
    `Contact: ${contact(from)}`,
    'User-Agent: bench',
  ];
}

/** INVITEs of 900 bytes. */
export function createInviteTemplate(talk: Talk): RequestTemplate {
  return stampOut(withBody([...opening('INVITE', talk), 'Content-Type: application/sdp'], offer, inviteBytes));
}

/** SUBSCRIBEs to presence. */
export function createSubscribeTemplate(talk: Talk): RequestTemplate {
  const head = [...opening('SUBSCRIBE', talk), 'Event: presence', 'Accept: application/pidf+xml', 'Expires: 3600', 'Content-Length: 0'];
  return stampOut(`${head.join('\r\n')}\r\n\r\n`);
}

/** By which way the requests inside a dialog go: the far Contact and the routes, first first. */
export interface DialogPath {
  readonly target: string;
  readonly routes: readonly string[];
}

/** The ACK of a 2xx, a transaction of its own (RFC 3261 13.2.2.4), and right behind it the BYE. */
export function createHangUpTemplate({ from, to, run }: Talk, { target, routes }: DialogPath): RequestTemplate {
  const request = (method: string, branch: string, sequence: number): string =>
    [
      `${method} ${target} SIP/2.0`,
      `Via: SIP/2.0/TLS proxy.${from}:5061;branch=z9hG4bK${run}.${branch}${mark}`,
      ...routes.map((route) => `Route: ${route}`),
      'Max-Forwards: 70',
      `From: <sip:sender@${from}>;tag=${mark}`,
      `To: <sip:u${mark}@${to}>;tag=${farTag}`,
      `Call-ID: ${mark}@${run}.${from}`,
      `CSeq: ${sequence} ${method}`,
      'Content-Length: 0',
      '\r\n',
    ].join('\r\n');
  return stampOut(`${request('ACK', 'a', 1)}${request('BYE', 'b', 2)}`);
}

/** The NOTIFYs, with 4 KiB of presence, that the one subscribed to sends the other way. `run` is that of the SUBSCRIBE's Call-ID. */
export function createNotifyTemplate({ from, to, run }: Talk, { target, routes }: DialogPath): RequestTemplate {
  const head = [
    `NOTIFY ${target} SIP/2.0`,
    `Via: SIP/2.0/TLS proxy.${to}:5061;branch=z9hG4bK${run}.n${mark}`,
    ...routes.map((route) => `Route: ${route}`),
    'Max-Forwards: 70',
    `From: <sip:u${mark}@${to}>;tag=${farTag}`,
    `To: <sip:sender@${from}>;tag=${mark}`,
    `Call-ID: ${mark}@${run}.${from}`,
    'CSeq: 1 NOTIFY',
    `Contact: ${contact(to)}`,
    'Event: presence',
    'Subscription-State: active;expires=3600',
    'Content-Type: application/pidf+xml',
  ];
  const lead = head.join('\r\n').length + `\r\nContent-Length: ${notifyBodyBytes}\r\n\r\n`.length;
  return stampOut(withBody(head, presence, lead + notifyBodyBytes));
}

/** Templates for what follows inside dialogs, one for each path that occurs: a hub that says the same in every dialog costs one. */
export interface DialogTemplates {
  /** For the dialog that the message with the head text[at, end) opened; its number is in its Call-ID. */
  find(text: string, at: number, end: number): RequestTemplate;
}

/** Templates kept; a hub whose routes differ from dialog to dialog is to cost no more memory. */
const mostTemplates = 64;

/** @param reverse the message is a response: its caller's routes are its Record-Routes from the last to the first (RFC 3261 12.1.2) */
export function createDialogTemplates(reverse: boolean, create: (path: DialogPath, run: string) => RequestTemplate): DialogTemplates {
  const templates = new Map<string, RequestTemplate>();
  return {
    find(text, at, end) {
      const [target, run] = [
        between(text, '\r\nContact: <', '>', at, end),
        between(text, '\r\nCall-ID: ', '\r\n', at, end).slice(9).split('.', 1)[0] ?? '',
      ];
      let key = `${run} ${target}`;
      const records: string[] = [];
      for (let line = text.indexOf(recordRoute, at); line >= 0 && line < end; line = text.indexOf(recordRoute, line + 1)) {
        const value = text.slice(line + recordRoute.length, text.indexOf('\r\n', line + 2));
        records.push(value);
        key += ` ${value}`;
      }
      const known = templates.get(key);
      if (known !== undefined) return known;
      if (templates.size >= mostTemplates) templates.clear();
      const values = records.flatMap((value) => value.split(',').map((one) => one.trim()));
      const created = create({ target, routes: reverse ? values.toReversed() : values }, run);
      templates.set(key, created);
      return created;
    },
  };
}

const recordRoute = '\r\nRecord-Route: ';

function between(text: string, before: string, behind: string, at: number, end: number): string {
  const found = text.indexOf(before, at);
  if (found < 0 || found > end) return '';
  const from = found + before.length;
  return text.slice(from, text.indexOf(behind, from));
}

/** Numbers that wait for the requests of their dialogs to be written, all those of one turn in one buffer. */
export interface DialogQueue {
  /** The message with the head text[at, end) opened a dialog. */
  add(text: string, at: number, end: number): void;
  /** The requests due, undefined for none. */
  take(): Buffer | undefined;
}

/** Collects what must follow upon messages that open dialogs. */
export function createDialogQueue(templates: DialogTemplates): DialogQueue {
  let ready: Buffer[] = [];
  let template: RequestTemplate | undefined;
  let numbers: number[] = [];
  const stamp = (): void => {
    if (template !== undefined && numbers.length > 0) ready.push(template.of(numbers));
    numbers = [];
  };
  return {
    add(text, at, end) {
      const found = templates.find(text, at, end);
      if (found !== template) stamp();
      template = found;
      numbers.push(numberIn(text, at, end));
    },
    take() {
      stamp();
      const [first] = ready;
      const all = ready.length > 1 ? Buffer.concat(ready) : first;
      ready = [];
      return all;
    },
  };
}
