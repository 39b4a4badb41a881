import { connect, createServer, type TLSSocket } from 'node:tls';
import type { Authority, Identity } from './certificates.js';
import { type Line, type LineEars, openLine } from './line.js';
import { createMailbox, type Mailbox } from './mailbox.js';
import { describeReceived, type Received } from './received.js';
import { answer, type Request, request, type Words } from './speech.js';

/** What an actor waits for: a method, a status, or both with more conditions. */
export type Cue = string | number | ((message: Received) => boolean);

/** An actor: a member's proxy of which every byte is under control. */
export interface Member {
  readonly id: string;
  readonly domain: string;
  readonly identity: Identity;
  /** Where it listens for the hub, on 127.0.0.1; 0 when it only dials out. */
  readonly port: number;
  /** Opens a line to the hub's listener. The first one is `line` from then on, until it is over and another is dialled. */
  dial(port: number): Promise<Line>;
  /** The line it dialled first. */
  line(): Line;
  /** Lines the hub dialled, oldest first, closed ones too. */
  accepted(): readonly Line[];
  /** A request of a user of this member; From and so on can be given otherwise. */
  request(method: string, to: string, words?: Partial<Words>): Request;
  /** Writes a request and says it on `line`. */
  say(method: string, to: string, words?: Partial<Words>): Request;
  /** The next message that fits, on any line, that nobody took yet. */
  hear(cue: Cue, where?: (message: Received) => boolean, patience?: number): Promise<Received>;
  /** The next response to this request with this status. */
  hearAnswer(to: Request, status: number, patience?: number): Promise<Received>;
  /** The next final response to this request; provisional ones before it are taken too. */
  hearFinal(to: Request, patience?: number): Promise<Received>;
  /** This request, or undefined when `end`, such as its answer, is there first: it did not come here. */
  hearUnless(request: Request, end: Promise<unknown>): Promise<Received | undefined>;
  /** The final answer to this request, or undefined when `end`, such as that of its line, is there first. */
  hearFinalUnless(to: Request, end: Promise<unknown>): Promise<Received | undefined>;
  /** What came and was not taken: tests end with this empty. */
  unheard(): readonly string[];
  /** Forgets what came and was not taken. */
  forget(): void;
  /** Leaves the hub's OPTIONS pings to the story: they are heard, not answered. */
  hearPings(): void;
  /** Answers them without a word again, and those that came meanwhile too. */
  answerPings(): Promise<void>;
  /** Answers on the line the request came on. */
  answer(to: Received, status: number, words?: Parameters<typeof answer>[2]): void;
  /**
   * The same, and once more for every retransmission, on whichever line it comes: of the same branch, Call-ID and CSeq, as a server transaction has it
   * (RFC 3261 17.2.2, 17.2.3). Anything else that is like it is heard.
   */
  answerAlways(to: Received, status: number): void;
  /** Stops to listen: who dials is refused. Lines that stand are untouched. `listen` opens the same port again. */
  shutDoor(): void;
  listen(): Promise<void>;
  /** Cuts every line that the hub dialled. */
  cutAccepted(): Promise<void>;
  close(): Promise<void>;
}

export interface MemberPart {
  readonly id: string;
  readonly domain: string;
  readonly identity: Identity;
  /** The certificate it shows when the hub dials; default `identity`. */
  readonly door?: Identity;
  readonly authority: Authority;
  /** The name in the hub's certificate. */
  readonly hubName: string;
  /** Take no connections: it is reached over the lines it dials. */
  readonly dialsOnly?: boolean;
}

/** Brings an actor on stage; it listens when this resolves. */
export async function startMember(part: MemberPart): Promise<Member> {
  const mailbox: Mailbox<Received> = createMailbox(part.id, describeReceived);
  const accepted: Line[] = [];
  const lines = new Set<Line>();
  let first: Line | undefined;
  let port = 0;
  let pingsAreHeard = false;
  /** Statuses of what is answered again, by what makes a request a retransmission. */
  const answered = new Map<string, number>();

  const ears: LineEars = {
    message(message) {
      const again = !pingsAreHeard && isHubPing(message) ? 200 : answered.get(identityOf(message));
      if (again === undefined) mailbox.put(message);
      else message.line.say(answer(message, again));
    },
    broken: (why) => mailbox.close(`something that is not SIP came: ${why}`),
  };
  const welcome = (socket: TLSSocket) => {
    const line = openLine(socket, ears);
    lines.add(line);
    void line.over.then(() => lines.delete(line));
    return line;
  };
  const { cert, key } = part.door ?? part.identity;
  const server = createServer({ cert, key, ca: part.authority.cert, requestCert: true, rejectUnauthorized: true }, (socket) =>
    accepted.push(welcome(socket)),
  );
  const listen = () =>
    new Promise<void>((resolve, reject) => {
      if (part.dialsOnly === true || server.listening) return resolve();
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        const address = server.address();
        if (address !== null && typeof address !== 'string') port = address.port;
        resolve();
      });
    });
  const shutDoor = () => {
    // `close` calls back only when the lines are gone too; new dials are refused from here on.
    if (server.listening) server.close();
  };
  const cut = async (some: Iterable<Line>) => {
    for (const line of some) {
      line.cut();
      await line.over;
    }
  };
  await listen();

  const member: Member = {
    id: part.id,
    domain: part.domain,
    identity: part.identity,
    port,
    async dial(hubPort) {
      const line = welcome(await dialTls(part, hubPort));
      if (first === undefined || !lines.has(first)) first = line;
      return line;
    },
    line() {
      if (first === undefined) throw new Error(`${part.id} has not dialled the hub`);
      return first;
    },
    accepted: () => accepted,
    request: (method, to, words) => request({ method, uri: to, from: `<sip:alice@${part.domain}>`, ...words }),
    say(method, to, words) {
      const said = member.request(method, to, words);
      member.line().say(said.text);
      return said;
    },
    hear(cue, where = () => true, patience) {
      const fits = typeof cue === 'function' ? cue : (message: Received) => message.method === cue || message.status === cue;
      return mailbox.take(typeof cue === 'function' ? 'a message' : `${cue}`, (message) => fits(message) && where(message), patience);
    },
    hearAnswer: (to, status, patience) => member.hear(status, (message) => isAnswer(message, to), patience),
    async hearFinal(to, patience) {
      for (;;) {
        const heard = await member.hear((message) => message.status > 0 && isAnswer(message, to), undefined, patience);
        if (heard.status >= 200) return heard;
      }
    },
    hearUnless: (said, end) =>
      mailbox.takeUntil((message) => message.method === said.method && message.header('call-id') === said.callId, end),
    hearFinalUnless: (to, end) => mailbox.takeUntil((message) => message.status >= 200 && isAnswer(message, to), end),
    unheard: () => mailbox.held().map(describeReceived),
    forget: mailbox.empty,
    hearPings() {
      pingsAreHeard = true;
    },
    async answerPings() {
      pingsAreHeard = false;
      while (mailbox.held().some(isHubPing)) member.answer(await member.hear(isHubPing), 200);
    },
    answer: (to, status, words) => to.line.say(answer(to, status, words)),
    answerAlways(to, status) {
      answered.set(identityOf(to), status);
      member.answer(to, status);
    },
    shutDoor,
    listen,
    cutAccepted: () => cut(accepted),
    async close() {
      shutDoor();
      await cut([...lines]);
      mailbox.close('the actor has left');
    },
  };
  return member;
}

function dialTls(part: MemberPart, port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: part.hubName,
      cert: part.identity.cert,
      key: part.identity.key,
      ca: part.authority.cert,
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function isAnswer(message: Received, to: Request): boolean {
  return message.header('call-id') === to.callId && message.header('cseq') === `${to.cseq} ${to.method}`;
}

/** The top Via has the branch; for a response it is no request's. */
function identityOf(message: Received): string {
  return ['via', 'call-id', 'cseq'].map((header) => message.header(header)).join('\n') + message.method;
}

/** The relay asks a proxy, not one of its users, whether it is alive. */
function isHubPing(message: Received): boolean {
  return message.method === 'OPTIONS' && !message.uri.includes('@');
}
