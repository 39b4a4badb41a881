import { createSecureContext } from 'node:tls';
import { createLogger } from '@guildhall/chassis/log';
import { createTurn } from '@guildhall/chassis/turn';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { describe, expect, it } from 'vitest';
import type { LinkListener, LinkTools } from './dialled-link.js';
import { createEvents } from './events.js';
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
  response: () => undefined,
  request: () => undefined,
  brokenResponse: () => undefined,
};
const member = memberStage();
const card = doorStage({ freshFor: 1 });

function ways() {
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
    presence: { take: () => undefined, heldBy: () => [], of: () => [], prune: () => undefined },
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
