import { type AskAdmission, admit, admitAck, admitCancel, type RefuseAdmission } from '@guildhall/ingress/admit';
import { diagnosticsLines, reasonLines } from '@guildhall/ingress/answers';
import { requestFacts } from '@guildhall/ingress/request-facts';
import { verdictKey } from '@guildhall/ingress/verdicts';
import { addressDomain } from '@guildhall/proto/sip/address';
import { downstreamBranch, isLoop } from '@guildhall/proto/sip/branch';
import { Header } from '@guildhall/proto/sip/header-name';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import {
  bodyBytes,
  firstHeader,
  headerCount,
  headerValueEnd,
  headerValueStart,
  type Message,
  parseMessage,
} from '@guildhall/proto/sip/message';
import { readSender } from '@guildhall/proto/sip/received';
import { canAnswer, writeResponse } from '@guildhall/proto/sip/response';
import { routeEntries } from '@guildhall/proto/sip/route';
import { uriPlace } from '@guildhall/proto/sip/uri';
import { editedHead, hereOf, rewrite } from '@guildhall/relay/rewrite';
import { corpusInputs } from '../corpus-inputs.js';
import { bytesHash, type Random } from '../random.js';
import { request, sipWords } from '../sip-grammar.js';
import { mendLength } from '../sip-lengths.js';
import { bytesOf, promise, promiseSame, type Target } from '../target.js';
import { domainOwners, goodTokens, sampleHub } from './hub.js';
import { parsed } from './reader.js';

const wide = { ...defaultLimits, messageBytes: 200_000, headers: 200, headerLineBytes: 16_384 };
const here = hereOf({ host: 'hub.example', port: 5061 }, 'hub.example');
const sender = readSender('192.0.2.7:40001');

function isCopied(id: number | undefined): boolean {
  return id === Header.via || id === Header.from || id === Header.to || id === Header.callId || id === Header.cseq;
}

/** The answer says what it is to say, and nothing that the request smuggled in. */
function refused(m: Message, refusal: RefuseAdmission): string {
  promise(refusal.status >= 400 && refusal.status < 700, 'a refusal has a status that refuses');
  promise(/^[\x20-\x7e]*$/.test(refusal.sentence + refusal.header), 'what a refusal says is plain ASCII on one line');
  if (!canAnswer(m)) return refusal.code;
  const { status, code, sentence, header } = refusal;
  const headers = [...reasonLines('hub.example', status, code, sentence), ...diagnosticsLines(code, sentence)];
  if (header !== '') headers.push(header);
  const answer = parseMessage(bytesOf(writeResponse(m, status, { toTag: 'e1.1', headers, sender })), wide);
  const copied = m.table.filter((id, at) => at % 4 === 0 && isCopied(id)).length;
  promise(headerCount(answer) === copied + headers.length + 1, 'an answer has the fields it copies and its own');
  promise(answer.status === status, 'an answer has its status');
  return refusal.code;
}

/** A Route leads nowhere but to the hub, unless a token of its own says otherwise. */
function leadsHome(m: Message, admission: AskAdmission): void {
  const entries = firstHeader(m, Header.route) < 0 ? [] : routeEntries(m, Header.route);
  const uris = entries.map((entry) => uriPlace(m.head.slice(entry.uriStart, entry.uriEnd)));
  if (admission.token === undefined) {
    for (const one of uris)
      promise(one !== undefined && sampleHub.isHere(one.host, one.port), 'a request without a token leads to the hub alone');
    promise(admission.target === '', 'only a token names a target');
    return;
  }
  const own = uris.find((one) => one !== undefined && goodTokens.includes(one.user));
  promise(own !== undefined, 'a token that is believed is one of the hub’s');
}

function asked(m: Message, admission: AskAdmission, member: string): string {
  const from = firstHeader(m, Header.from);
  promiseSame(admission.fromDomain, addressDomain(m, headerValueStart(m, from), headerValueEnd(m, from)), 'From is who it says');
  promise(domainOwners.get(admission.fromDomain) === member, 'nobody speaks for a domain of somebody else');
  const names = [admission.peer, admission.fromDomain, admission.toDomain, admission.toMember, admission.method];
  promise(!names.some((name) => /\s/.test(name)), 'no name of a question has a space, so that no two questions share a key');
  promise((admission.toDomain === '') !== (admission.toMember === '') || admission.toDomain === '', 'a question names one target');
  promise(admission.event.length <= 64 && admission.method.length <= 32 && verdictKey(admission).length < 1_000, 'keys are short');
  leadsHome(m, admission);
  if (admission.token !== undefined) {
    const { caller, callee } = admission.token;
    promise(caller === member || callee === member, 'a token is taken from those alone whose dialog it is');
    promise(admission.target === (caller === member ? callee : caller), 'a dialog leads to its other member');
  }
  const facts = requestFacts(m, admission, member);
  const told = [facts.fromUser(), facts.toUser(), facts.fromDomain(), facts.toDomain(), facts.dialled?.().domain, facts.media()?.length];
  facts.bodyTypes();
  promise(facts.bodyBytes() === bodyBytes(m).length, 'the size of a body is its size');
  return `ask ${admission.token?.usage ?? '-'} ${admission.usage} ${admission.secure} ${told.map((one) => one === '' || one === undefined).join()}`;
}

/** What is admitted can be passed on, and is known when it comes back. */
function passedOn(m: Message, loop: number): void {
  const branch = downstreamBranch('e1', 7, loop, 0);
  const head = editedHead(m, rewrite(m, { here, branch, recordRoute: '', source: sender }));
  const sent = parseMessage(Buffer.concat([bytesOf(head), bodyBytes(m)]), wide);
  if (firstHeader(m, Header.route) < 0) promise(isLoop(sent, sampleHub.viaHosts, loop), 'a request that comes back unchanged is a loop');
}

function made(random: Random): Buffer {
  const text = request(random);
  if (!random.once(3)) return bytesOf(text);
  return bytesOf(
    text.replace(/^Route:.*$/gim, '').replace(/\r\nFrom/, `\r\nRoute: <sip:${random.pick(goodTokens)}@hub.example:5061;lr>\r\nFrom`),
  );
}

/** What ingress lets in. */
export const admitTarget: Target = {
  name: 'admit',
  about: 'a request of acme or bolt: admitted as itself to nowhere but members, or refused in plain words; passed on soundly',
  longest: 2_048,
  words: [...sipWords, ...goodTokens.map((token) => `Route: <sip:${token}@hub.example;lr>\r\n`), 'To: <sip:b@bolt.example>;tag=x\r\n'],
  seeds: () => corpusInputs(made, 200),
  make: made,
  mend: mendLength,
  run(input) {
    const m = parsed(input, defaultLimits);
    if (typeof m === 'string') return m;
    if (m.status !== 0) return 'response';
    const member = bytesHash(input) % 4 === 0 ? 'bolt' : 'acme';
    const ack = m.method === 'ACK' ? admitAck(m, member, sampleHub) : undefined;
    if (ack !== undefined) asked(m, ack, member);
    const cancel = m.method === 'CANCEL' ? admitCancel(m, member, sampleHub) : undefined;
    if (cancel !== undefined) refused(m, cancel);
    const admission = admit(m, member, sampleHub);
    switch (admission.kind) {
      case 'answer':
        promise(m.method === 'OPTIONS', 'only OPTIONS is answered by the hub itself');
        return 'answer';
      case 'refuse':
        return `${refused(m, admission)} ${ack === undefined} ${cancel?.code ?? '-'}`;
      case 'ask':
        passedOn(m, admission.loop);
        return `${asked(m, admission, member)} ${m.method.slice(0, 8)}`;
    }
  },
};
