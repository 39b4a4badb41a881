import { dialogRoute } from '@guildhall/ingress/dialog-route';
import { Header } from '@guildhall/proto/sip/header-name';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { routeEntries } from '@guildhall/proto/sip/route';
import { parseUri } from '@guildhall/proto/sip/uri';
import type { Random } from '../random.js';
import { routes, sipWords } from '../sip-grammar.js';
import { bytesOf, promise, type Target } from '../target.js';
import { goodTokens, readToken, sampleHub } from './hub.js';
import { orNothing } from './message.js';
import { parsed } from './reader.js';

function token(random: Random): string {
  return random.pick([
    () => random.pick(goodTokens),
    () => `<sip:${random.pick(goodTokens)}@hub.example;lr>`,
    () => `<sip:${random.pick(goodTokens)}@elsewhere.example:5081;lr>, ${routes(random)}`,
    () => routes(random),
  ])();
}

/** Route tokens by themselves and in a Route. */
export const tokenTarget: Target = {
  name: 'token',
  about: 'a token, and a Route with one: believed to the letter or not at all, and by nobody but its two members',
  longest: 600,
  words: [...goodTokens, ...goodTokens.map((good) => good.slice(0, -4)), ...sipWords],
  seeds: () => [
    ...goodTokens.map((good) => bytesOf(good)),
    ...goodTokens.map((good) => bytesOf(`<sip:${good}@hub.example;lr>`)),
    bytesOf('<sip:hub.example;lr>, <sip:127.0.0.1:5061;lr>'),
  ],
  make: (random) => bytesOf(token(random)),
  run(input) {
    const text = input.toString('latin1');
    const alone = readToken(text);
    promise(typeof alone === 'string' || goodTokens.includes(text), 'a token is good to the letter or not at all');
    const m = parsed(
      bytesOf(`BYE sip:a SIP/2.0\r\nTo: <sip:a>;tag=b\r\nRoute: ${text.replace(/[\r\n]/g, ' ')}\r\nContent-Length: 0\r\n\r\n`),
      defaultLimits,
    );
    if (typeof m === 'string') return m;
    const outsider = dialogRoute(m, 'eve', sampleHub.isHere, readToken);
    promise(outsider.kind !== 'dialog', 'nobody rides on the dialog of others');
    const route = dialogRoute(m, 'acme', sampleHub.isHere, readToken);
    if (route.kind === 'dialog') {
      promise(route.target === 'bolt', 'a dialog of acme’s leads to bolt');
      const users = (orNothing(() => routeEntries(m, Header.route)) ?? []).map(
        ({ uriStart, uriEnd }) => orNothing(() => parseUri(m.head.slice(uriStart, uriEnd)))?.user ?? '',
      );
      promise(
        users.some((user) => goodTokens.includes(user)),
        'a dialog has a token of the hub in its Route',
      );
    }
    if (route.kind === 'refused') promise(/^[\x20-\x7e]+$/.test(route.sentence), 'a refusal is plain ASCII');
    return `${typeof alone === 'string' ? alone : 'good'} ${route.kind === 'refused' ? route.sentence.slice(0, 14) : route.kind}`;
  },
};
