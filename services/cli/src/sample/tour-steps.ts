import { Header } from '@guildhall/proto/sip/header-name';
import { bodyOf } from './ladder.js';
import { fieldOf } from './sample-dialog.js';
import type { SampleMember } from './sample-member.js';
import type { TourStage } from './tour-stage.js';

/** What the steps of the tour have between them. */
export interface TourCast extends TourStage {
  /** "host:port" of the hub's SIP listener, and "https://host:port" of its door to enrol at. */
  readonly listener: string;
  readonly enrolment: string;
  /** "host:port" at which bolt's own proxy will listen. */
  readonly boltProxy: string;
  /** Starts bolt's proxy with the certificate that bolt got by joining. */
  startBolt(): Promise<SampleMember>;
  /** bolt's proxy, once started. */
  bolt(): SampleMember;
}

/** One thing the tour shows. */
export interface TourStep {
  readonly title: string;
  /** What must happen, for people. */
  readonly expect: string;
  /** Does it. Throws an Error that says what went otherwise. */
  run(cast: TourCast): Promise<void>;
}

const hubName = 'hub.example';
const words = 'The steel is ready.';
/** ms for what the hub promises within a second: other work on this machine may hold it up. */
const patience = 5000;

function fail(what: string): never {
  throw new Error(what);
}

/** acme writes to bolt with the certificate it got by joining. */
function writing(listener: string): string[] {
  const identity = ['--certificate', 'acme/certificate.crt', '--key', 'acme/certificate.key', '--ca', 'acme/authority.crt'];
  return ['send', 'sip:ada@acme.example', 'sip:bo@bolt.example', words, '--hub', listener, '--name', hubName, ...identity];
}

async function invite({ guildhall, enrolment }: TourCast, member: string, proxy: readonly string[]): Promise<void> {
  const domain = `${member}.example`;
  await guildhall(['member', 'add', member, '--domain', domain, ...proxy, '--why', 'voted in']);
  await guildhall(['member', 'invite', member, '--expires', '7d', '--out', `${member}.token`]);
  await guildhall([
    'join',
    '--hub',
    enrolment,
    '--hub-name',
    hubName,
    '--token-file',
    `${member}.token`,
    '--domain',
    domain,
    '--out',
    member,
  ]);
}

function messagesAt(bolt: SampleMember): string[] {
  return bolt.seen
    .filter(({ direction, message }) => direction === 'in' && message.method === 'MESSAGE')
    .map(({ message }) => bodyOf(message));
}

async function refused({ guildhall, until, listener, bolt }: TourCast): Promise<void> {
  // Every listener hears of acme a moment after it is taken in.
  const refusal = await until(writing(listener), patience, ({ code, out }) => code === 1 && /^403 /.test(out.join(' ')));
  const said = refusal.out.join(' ');
  if (messagesAt(bolt()).length > 0) fail('bolt got it all the same');
  const explained = (await guildhall(['explain', 'acme', 'bolt', 'MESSAGE'])).out.join('\n');
  const sentence = /^refuse 403 {2}(.+)$/m.exec(explained)?.[1];
  if (sentence === undefined) fail('explain does not say that it is refused');
  else if (!said.includes(sentence)) fail(`the sender was told something else than explain says: "${sentence}"`);
}

async function passes({ until, listener, bolt }: TourCast): Promise<void> {
  await until(writing(listener), patience, ({ code }) => code === 0);
  const { message } = await bolt().sight(({ direction, message: seen }) => direction === 'in' && seen.method === 'MESSAGE', patience);
  if (bodyOf(message) !== words) fail(`the text did not arrive as it was sent: ${bodyOf(message)}`);
  if (!fieldOf(message, Header.from).includes('ada@acme.example')) fail('it arrived from somebody else');
}

async function shutOut({ until, listener, bolt }: TourCast): Promise<void> {
  let before = messagesAt(bolt()).length;
  // What was written before every listener has heard of it may still have passed.
  await until(writing(listener), patience, ({ code }) => {
    const got = messagesAt(bolt()).length - before;
    before += got;
    return code === 1 && got === 0;
  });
  await until(['refusals', '--member', 'acme', '--limit', '1', '--details'], patience, ({ out }) => /^revoked /.test(out.join('\n')));
}

/** What the tour shows, in order. */
export const tourSteps: readonly TourStep[] = [
  {
    title: 'acme is taken in, invited, and joins',
    expect: 'acme makes its own key; the hub’s authority signs it for a token that works once',
    run: (cast) => invite(cast, 'acme', []),
  },
  {
    title: 'bolt too',
    expect: 'and its proxy listens with the certificate it got',
    async run(cast) {
      await invite(cast, 'bolt', ['--proxy', `${cast.boltProxy},name=bolt.example`]);
      await cast.startBolt();
      await cast.guildhall(['member', 'list']);
    },
  },
  {
    title: 'A token works once',
    expect: 'who comes with it again is refused, and nothing is issued',
    async run({ guildhall, enrolment }) {
      const again = [
        'join',
        '--hub',
        enrolment,
        '--hub-name',
        hubName,
        '--token-file',
        'acme.token',
        '--domain',
        'acme.example',
        '--out',
        'again',
      ];
      const { talk } = await guildhall(again, 1);
      if (!/used/.test(talk.join(' '))) fail('the refusal does not say that the token was used');
    },
  },
  {
    title: 'acme writes to bolt',
    expect: '403: in this community nothing passes that nobody agreed to; explain says the same sentence',
    run: refused,
  },
  {
    title: 'acme and bolt agree',
    expect: 'one proposes, the other accepts',
    async run({ guildhall }) {
      await guildhall(['agreement', 'propose', 'acme', 'bolt', '--note', 'steel for rivets']);
      await guildhall(['agreement', 'accept', 'bolt', 'acme']);
      await guildhall(['agreement', 'list']);
    },
  },
  { title: 'acme writes again', expect: '200, and bolt gets the text as it was sent', run: passes },
  {
    title: 'acme’s key was stolen',
    expect: 'its certificate is revoked; the one connection that uses it closes within a second',
    run: async ({ guildhall }) => {
      await guildhall(['certificate', 'revoke', '--member', 'acme', '--reason', 'keyCompromise', '--why', 'laptop stolen']);
    },
  },
  { title: 'Whoever has the key writes', expect: 'the hub closes the connection, and says why to the operator', run: shutOut },
  {
    title: 'What was done, by whom',
    expect: 'every change stands in the history, and the audit log is sound',
    async run({ guildhall }) {
      await guildhall(['membership', 'history', '--limit', '3']);
      await guildhall(['audit', 'verify']);
    },
  },
];
