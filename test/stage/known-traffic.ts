import { openCall } from './call.js';
import { dialogOfCallee, dialogOfCaller, within } from './dialog.js';
import { exchange, hearRequest } from './exchange.js';
import type { Member } from './member.js';
import type { PlayPart } from './play.js';
import type { Received } from './received.js';
import { acknowledge, cancel, type Request, type Words } from './speech.js';
import type { StoredRecord } from './stored-record.js';

/** What a record must say of one thing that somebody did. */
export type Deed = Pick<StoredRecord, 'callId' | 'method' | 'inDialog' | 'peer' | 'status' | 'answer'> & Partial<StoredRecord>;

/** Who plays the known traffic, and by which rules. */
export const knownCast: Pick<PlayPart, 'cast' | 'model' | 'rules' | 'agreements' | 'settings'> = {
  model: 'limited-clearinghouse',
  cast: {
    acme: {},
    bolt: {},
    /** Nobody listens at its door. */
    crow: {},
    /** Hears and never answers. */
    dune: {},
    elm: {},
    fern: { spares: ['fern-2'] },
  },
  rules: [{ id: 'no-dan', from: { any: true }, to: { user: 'dan@bolt.example' }, action: 'deny', reason: 'not him' }],
  agreements: [{ members: ['acme', 'elm'], mode: 'redirect' }],
  settings: {
    // A busy machine is late: that must not be among what is told of the hub.
    ingress: { timeouts: { final: '2s' }, overload: { target: '5s' } },
    relay: { timeouts: { connect: '500ms', attempt: '500ms' } },
  },
};

/** What was done, and each final answer as its sender heard it, by Call-ID and method. */
export interface Book {
  readonly deeds: readonly Deed[];
  readonly finals: ReadonlyMap<string, Received>;
}

/** How a deed and its record are told apart from others. */
export function deedName({ callId, method, inDialog }: Pick<StoredRecord, 'callId' | 'method' | 'inDialog'>): string {
  return `${method} ${callId}${inDialog ? ' in its dialog' : ''}`;
}

/** Plays every kind of traffic the hub knows once or more, and writes down what a record must say of each. */
export async function playKnownTraffic(actor: (name: string) => Member): Promise<Book> {
  const deeds: Deed[] = [];
  const finals = new Map<string, Received>();
  const [acme, bolt] = [actor('acme'), actor('bolt')];
  const note = (by: Member, said: Request, final: Received, expected: Partial<StoredRecord>) => {
    const { callId, method } = said;
    const deed: Deed = {
      kind: 'transaction',
      code: '',
      callId,
      method,
      inDialog: false,
      peer: by.id,
      fromDomain: by.domain,
      requestBytes: said.text.length,
      status: final.status,
      answer: expected.code === undefined ? 'far' : 'hub',
      answerBytes: final.bytes.length,
      ...expected,
    };
    finals.set(deedName(deed), final);
    deeds.push(deed);
  };
  /** A request that the far member answers. */
  const answered = async (by: Member, to: Member, status: number, words: Partial<Words> = {}) => {
    const said = by.say(words.method ?? 'MESSAGE', `sip:bob@${to.domain}`, words);
    to.answer(await hearRequest(to, said), status);
    const final = await by.hearFinal(said);
    note(by, said, final, { target: to.id, toDomain: to.domain, status, tries: 1, rule: 'model limited-clearinghouse' });
    if (said.method === 'INVITE' && status >= 300) {
      by.line().say(acknowledge(said, final).text);
      await to.hear('ACK');
    }
  };
  /** A request that the hub answers. */
  const refused = async (by: Member, said: Request, expected: Partial<StoredRecord> & Pick<StoredRecord, 'code'>) => {
    by.line().say(said.text);
    const final = await by.hearFinal(said);
    if (said.method === 'INVITE') by.line().say(acknowledge(said, final).text);
    note(by, said, final, expected);
  };

  for (let count = 0; count < 5; count += 1) await answered(acme, bolt, 200);
  await answered(bolt, acme, 202);
  await answered(bolt, acme, 404);
  await answered(acme, bolt, 486, { method: 'INVITE' });
  await answered(acme, bolt, 603, { method: 'INVITE' });
  await answered(bolt, acme, 302);

  await oneCall(acme, bolt, note);
  await aCancelledCall(acme, bolt, note);
  await presence(acme, bolt, note);

  // One that was said three times and passed on once.
  const twice = acme.say('MESSAGE', 'sip:bob@bolt.example');
  const heard = await hearRequest(bolt, twice);
  acme.line().say(twice.text);
  acme.line().say(twice.text);
  // The hub reads a line in order: when this is through, the copies were seen.
  await answered(acme, bolt, 200);
  bolt.answer(heard, 200);
  note(acme, twice, await acme.hearFinal(twice), { target: 'bolt', repeats: 2 });

  // One that its first proxy would not take.
  const passed = acme.say('MESSAGE', 'sip:fay@fern.example');
  actor('fern').answer(await hearRequest(actor('fern'), passed), 503);
  actor('fern-2').answer(await hearRequest(actor('fern-2'), passed), 200);
  const fern2 = `127.0.0.1:${actor('fern-2').port}`;
  note(acme, passed, await acme.hearFinal(passed), { target: 'fern', tries: 2, link: fern2 });

  await refused(acme, acme.request('MESSAGE', 'sip:dan@bolt.example'), {
    code: 'denied-by-rule',
    target: 'bolt',
    rule: 'rule no-dan',
    tries: 0,
  });
  await refused(bolt, bolt.request('INVITE', 'sip:dan@bolt.example'), {
    code: 'denied-by-rule',
    target: 'bolt',
    rule: 'rule no-dan',
    tries: 0,
  });
  await refused(acme, acme.request('MESSAGE', 'sip:bob@nobody.test'), {
    code: 'unknown-domain',
    target: '',
    toDomain: 'nobody.test',
    tries: 0,
  });
  await refused(acme, acme.request('MESSAGE', 'sip:eve@elm.example'), { code: 'direct-partner', target: 'elm', tries: 0 });
  const posing = { from: '<sip:carol@crow.example>' };
  await refused(acme, acme.request('MESSAGE', 'sip:bob@bolt.example', posing), {
    code: 'from-not-yours',
    kind: 'refused-request',
    fromDomain: 'crow.example',
    tries: 0,
  });
  await refused(acme, acme.request('MESSAGE', 'sip:bob@bolt.example', { maxForwards: 0 }), {
    code: 'too-many-hops',
    kind: 'refused-request',
    tries: 0,
  });

  actor('crow').shutDoor();
  await actor('crow').cutAccepted();
  await refused(acme, acme.request('MESSAGE', 'sip:carol@crow.example'), { code: 'member-unreachable', target: 'crow' });

  const silent = acme.say('MESSAGE', 'sip:dan@dune.example');
  await hearRequest(actor('dune'), silent);
  const timedOut = await acme.hearFinal(silent);
  note(acme, silent, timedOut, { code: 'no-answer', target: 'dune' });
  acme.forget();

  const { domain } = acme;
  const ping = acme.say('OPTIONS', 'sip:hub.example');
  note(acme, ping, await acme.hearFinal(ping), { answer: 'hub', status: 200, target: '', fromDomain: domain, tries: 0 });
  return { deeds, finals };
}

type Note = (by: Member, said: Request, final: Received, expected: Partial<StoredRecord>) => void;

/** INVITE, ACK, INFO there, BYE back: the ACK has no record. */
async function oneCall(acme: Member, bolt: Member, note: Note): Promise<void> {
  const call = await openCall(acme, bolt);
  note(acme, call.invite, call.heardOk, { target: 'bolt', inDialog: false });
  const info = within(call.caller, 'INFO');
  acme.line().say(info.text);
  bolt.answer(await hearRequest(bolt, info), 200);
  note(acme, info, await acme.hearAnswer(info, 200), { target: 'bolt', inDialog: true });
  const bye = within(call.callee, 'BYE');
  bolt.line().say(bye.text);
  acme.answer(await hearRequest(acme, bye), 200);
  note(bolt, bye, await bolt.hearAnswer(bye, 200), { target: 'acme', inDialog: true });
}

/** An INVITE that rings and is given up: one record, by the far member's 487; the CANCEL has none. */
async function aCancelledCall(acme: Member, bolt: Member, note: Note): Promise<void> {
  const invite = acme.say('INVITE', 'sip:bob@bolt.example');
  const heard = await hearRequest(bolt, invite);
  bolt.answer(heard, 180);
  await acme.hearAnswer(invite, 180);
  const giveUp = cancel(invite);
  acme.line().say(giveUp.text);
  await acme.hearAnswer(giveUp, 200);
  bolt.answer(await bolt.hear('CANCEL'), 200);
  bolt.answer(heard, 487);
  const final = await acme.hearFinal(invite);
  acme.line().say(acknowledge(invite, final).text);
  await bolt.hear('ACK');
  note(acme, invite, final, { target: 'bolt' });
}

/** A subscription and what it brings. */
async function presence(acme: Member, bolt: Member, note: Note): Promise<void> {
  const event = 'Event: presence;id=7';
  const headers = [event, 'Contact: <sip:alice@10.1.1.1>'];
  const { said, request, final } = await exchange(
    acme,
    bolt,
    { method: 'SUBSCRIBE', headers },
    { headers: ['Contact: <sip:bob@10.2.2.2>'] },
  );
  note(acme, said, final, { target: 'bolt', event: 'presence' });
  const notify = within(dialogOfCallee(request), 'NOTIFY', { headers: [event, 'Subscription-State: active'] });
  bolt.line().say(notify.text);
  acme.answer(await hearRequest(acme, notify), 200);
  note(bolt, notify, await bolt.hearFinal(notify), { target: 'acme', event: 'presence', inDialog: true });
  const end = within(dialogOfCaller(said, final), 'SUBSCRIBE', { headers: [event, 'Expires: 0'] });
  acme.line().say(end.text);
  bolt.answer(await hearRequest(bolt, end), 200);
  note(acme, end, await acme.hearFinal(end), { target: 'bolt', event: 'presence', inDialog: true });
}
