import { Header } from '@guildhall/proto/sip/header-name';
import type { Message } from '@guildhall/proto/sip/message';
import { bodyOf, labelOf } from './ladder.js';
import { dialogRequest, fieldOf } from './sample-dialog.js';
import type { Exchange, Sight } from './sample-exchange.js';
import type { SampleMember } from './sample-member.js';

/** Two members of the demo with the hub between them. */
export interface Cast {
  readonly acme: SampleMember;
  readonly bolt: SampleMember;
}

/** One thing the demo shows. */
export interface DemoStep {
  readonly title: string;
  /** What must happen, for people. */
  readonly expect: string;
  /** Does it under a Call-ID of its own; resolves to what went wrong, undefined if nothing did. */
  run(cast: Cast, callId: string): Promise<string | undefined>;
}

function wanted(status: number, { final, failure }: Exchange): string | undefined {
  if (final?.status === status) return undefined;
  return `expected ${status}, got ${final === undefined ? failure : labelOf(final)}`;
}

/** The first complaint of several checks made in order. */
async function firstOf(...checks: readonly (() => Promise<string | undefined> | string | undefined)[]): Promise<string | undefined> {
  for (const check of checks) {
    const trouble = await check();
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

function isMethod(sight: Sight, method: string, callId: string): boolean {
  return sight.direction === 'in' && sight.message.method === method && fieldOf(sight.message, Header.callId) === callId;
}

async function arrives(member: SampleMember, method: string, callId: string): Promise<Message | string> {
  try {
    return (await member.sight((sight) => isMethod(sight, method, callId), 3000)).message;
  } catch {
    return `${method} did not arrive at ${member.id}`;
  }
}

function message(from: SampleMember, to: SampleMember, text: string, callId: string): Promise<string | undefined> {
  return firstOf(
    async () => wanted(200, await from.send({ method: 'MESSAGE', uri: `sip:${to.id}@${to.domain}`, body: text, callId })),
    async () => {
      const arrived = await arrives(to, 'MESSAGE', callId);
      if (typeof arrived === 'string') return arrived;
      return bodyOf(arrived) === text ? undefined : `the text did not arrive as it was sent: ${bodyOf(arrived)}`;
    },
  );
}

async function call({ acme, bolt }: Cast, callId: string): Promise<string | undefined> {
  const invite = await acme.send({
    method: 'INVITE',
    uri: `sip:bolt@${bolt.domain}`,
    callId,
    headers: [['Content-Type', 'application/sdp']],
    body: 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 49170 RTP/AVP 0\r\n',
  });
  const trouble = wanted(200, invite);
  if (trouble !== undefined) return trouble;
  if (!invite.responses.some((response) => response.status === 180)) return 'no 180 Ringing came';
  const dialog = await acme.acknowledge(invite);
  const acknowledged = await arrives(bolt, 'ACK', callId);
  if (typeof acknowledged === 'string') return acknowledged;
  return wanted(200, await acme.send(dialogRequest(dialog, 'BYE')));
}

async function subscribe({ acme, bolt }: Cast, callId: string): Promise<string | undefined> {
  const headers = [
    ['Event', 'presence'],
    ['Expires', '600'],
    ['Accept', 'application/pidf+xml'],
  ] as const;
  const subscription = await acme.send({ method: 'SUBSCRIBE', uri: `sip:bolt@${bolt.domain}`, callId, headers });
  const trouble = wanted(200, subscription);
  if (trouble !== undefined) return trouble;
  const notify = await arrives(acme, 'NOTIFY', callId);
  if (typeof notify === 'string') return notify;
  const answered = (sight: Sight) =>
    sight.direction === 'in' && sight.message.status === 200 && /NOTIFY/.test(fieldOf(sight.message, Header.cseq));
  await bolt.sight((sight) => answered(sight) && fieldOf(sight.message, Header.callId) === callId, 3000);
  return undefined;
}

async function refusal(exchange: Promise<Exchange>, status: number, bolt: SampleMember, callId: string): Promise<string | undefined> {
  const trouble = wanted(status, await exchange);
  if (trouble !== undefined) return trouble;
  const reached = bolt.seen.some((sight) => fieldOf(sight.message, Header.callId) === callId);
  return reached ? 'the other member got it all the same' : undefined;
}

/** What the demo shows, in order. */
export const demoSteps: readonly DemoStep[] = [
  {
    title: 'A MESSAGE from acme to bolt',
    expect: '200, and the text arrives as it was sent',
    run: ({ acme, bolt }, callId) => message(acme, bolt, 'Good morning from the mill.', callId),
  },
  {
    title: 'A MESSAGE from bolt to acme',
    expect: '200, and the text arrives as it was sent',
    run: ({ acme, bolt }, callId) => message(bolt, acme, 'Good morning! How is the furnace?', callId),
  },
  { title: 'acme watches the presence of bolt', expect: '200, then a NOTIFY the other way in the same dialog', run: subscribe },
  { title: 'acme calls bolt', expect: '180, 200, ACK, BYE, 200', run: call },
  {
    title: 'acme pretends to be bolt',
    expect: '403: a From domain of another member; bolt hears nothing',
    run: ({ acme, bolt }, callId) =>
      refusal(
        acme.send({
          method: 'MESSAGE',
          uri: `sip:bolt@${bolt.domain}`,
          from: `sip:boss@${bolt.domain}`,
          body: 'Pay this at once.',
          callId,
        }),
        403,
        bolt,
        callId,
      ),
  },
  {
    title: 'acme writes to a domain that is nobody’s',
    expect: '404 at once',
    run: ({ acme, bolt }, callId) =>
      refusal(acme.send({ method: 'MESSAGE', uri: 'sip:who@nowhere.example', body: 'Anyone?', callId }), 404, bolt, callId),
  },
];
