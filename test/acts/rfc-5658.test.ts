import { describe, expect, it } from 'vitest';
import { exchangeWithin, openCall } from '../stage/call.js';
import { perform } from '../stage/performance.js';
import { hubDomain, topologies } from '../stage/play.js';

/** The hosts of the Record-Route values of a message, top first. */
const hosts = (values: readonly string[]) =>
  values.flatMap((value) => value.split(',')).map((value) => /@([^:;>]+)/.exec(value)?.[1] ?? value);

describe.each(topologies)('a hub with two interfaces (RFC 5658), %s', (_, topology) => {
  const outside = `outside.${hubDomain}`;
  const { actor, hub } = perform({
    topology,
    interfaces: ['outside'],
    names: [outside],
    cast: {
      acme: {},
      bolt: { dials: false, entry: { interface: 'outside' } },
      crow: { dials: false, entry: { interface: 'outside' } },
      dora: {},
    },
  });
  const dialOutside = (name: string) => {
    const [ingress] = hub().ingresses;
    return actor(name).dial(Number(ingress?.addresses['listener:outside']?.split(':').at(-1)));
  };

  it('a call that crosses from one to the other has two Record-Routes, each side’s own first, and leads both ways', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    await dialOutside('bolt');
    const { caller, callee, heardInvite, heardOk, heardAck } = await openCall(acme, bolt);
    expect(hosts(heardInvite.headers('record-route'))).toEqual([outside, hubDomain]);
    // Doubled, not rewritten: the answer carries what the request had.
    expect(heardOk.headers('record-route')).toEqual(heardInvite.headers('record-route'));
    expect(hosts(caller.routes)).toEqual([hubDomain, outside]);
    expect(hosts(callee.routes)).toEqual([outside, hubDomain]);
    expect(heardAck.headers('route')).toEqual([]);
    expect((await exchangeWithin(acme, caller, bolt, 'INFO')).headers('route')).toEqual([]);
    expect((await exchangeWithin(bolt, callee, acme, 'BYE')).headers('route')).toEqual([]);
  });

  it('the other way round too', async () => {
    const { caller, callee, heardInvite } = await openCall(actor('bolt'), actor('acme'));
    expect(hosts(heardInvite.headers('record-route'))).toEqual([hubDomain, outside]);
    await exchangeWithin(actor('acme'), callee, actor('bolt'), 'INFO');
    await exchangeWithin(actor('bolt'), caller, actor('acme'), 'BYE');
  });

  it('a call that stays on one interface has one', async () => {
    await dialOutside('crow');
    expect(hosts((await openCall(actor('bolt'), actor('crow'))).heardInvite.headers('record-route'))).toEqual([outside]);
    expect(hosts((await openCall(actor('acme'), actor('dora'))).heardInvite.headers('record-route'))).toEqual([hubDomain]);
  });
});
