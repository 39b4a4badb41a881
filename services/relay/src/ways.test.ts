import { createSecureContext } from 'node:tls';
import { createLogger } from '@guildhall/chassis/log';
import { createTurn } from '@guildhall/chassis/turn';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { describe, expect, it } from 'vitest';
import type { LinkListener, LinkTools } from './dialled-link.js';
import { createEvents } from './events.js';
import type { MemberProxy } from './member.js';
import { doorStage, memberStage } from './member.stage.js';
import { createProber } from './probe.js';
import { hereOf } from './rewrite.js';
import { createWays } from './ways.js';

const timing = { connect: 1000, reconnect: 1000, probe: 1000, dead: 2000, backoffFirst: 100, backoffMost: 100 };
const ears: LinkListener = {
  flush: () => undefined,
  fail: () => undefined,
  requeue: () => undefined,
  orphan: () => undefined,
  closing: () => undefined,
  response: () => undefined,
  request: () => undefined,
  brokenResponse: () => undefined,
};
const member = memberStage();
const card = doorStage({ freshFor: 1 });

function ways(holders: readonly string[] = [], stays: (ingress: string) => boolean = () => true) {
  let names = 0;
  const links: LinkTools = {
    timing,
    limits: defaultLimits,
    linkBytes: 1000,
    linkUnasked: 100,
    prober: createProber(hereOf({ host: 'hub.example', port: 5061 }, 'hub.example'), 'e1'),
    turn: createTurn(),
    events: createEvents(createLogger('relay', 'test', { level: 'silent', pretty: false }), () => 0),
    dialled: new Map(),
    turnedAway: () => undefined,
    clock: () => 0,
    random: () => 0,
    wall: () => 0,
    revocations: () => undefined,
    newId: () => `l${++names}`,
  };
  return createWays({
    links,
    linksPerProxy: 2,
    certificate: {
      contextFor: () => createSecureContext(),
      fingerprint: () => '',
      validTo: () => 0,
      reload: () => false,
    },
    presence: { take: () => undefined, heldBy: () => [], of: () => holders, prune: () => undefined },
    stays,
    sender: { add: () => undefined },
    listenerOf: () => ears,
    orphan: () => undefined,
  });
}

describe('a link by its id', () => {
  it('is known from being dialled until it is closed, whoever closes its proxy', () => {
    const { proxiesOf, linkOf } = ways();
    const [proxy] = proxiesOf(member, card, []);
    proxy?.want();
    expect([linkOf('l1'), linkOf('l2'), linkOf('l3')]).toEqual([proxy?.links[0], proxy?.links[1], undefined]);
    proxy?.close();
    expect([linkOf('l1'), linkOf('l2')]).toEqual([undefined, undefined]);
  });
});

describe('a member that only dials out', () => {
  it('is reached over the ingress of the lowest id, but last over those that are about to end', () => {
    const dialsOnly = doorStage({ proxies: [] });
    const leaving = new Set<string>();
    const { proxiesOf } = ways(['i1', 'i2', 'i3'], (ingress) => !leaving.has(ingress));
    const ranked = (before: readonly MemberProxy[]) => {
      const proxies = proxiesOf(member, dialsOnly, before);
      return { proxies, ranks: proxies.map(({ through, priority }) => `${through} ${priority}`) };
    };
    const first = ranked([]);
    expect(first.ranks).toEqual(['i1 0', 'i2 1', 'i3 2']);
    leaving.add('i1');
    const then = ranked(first.proxies);
    expect(then.ranks).toEqual(['i2 0', 'i3 1', 'i1 2']);
    expect(new Set(then.proxies)).toEqual(new Set(first.proxies));
  });
});
