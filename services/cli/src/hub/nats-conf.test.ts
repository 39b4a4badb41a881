import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditSubject, buckets, streams, subjects } from '@guildhall/proto/subjects';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findNatsServer } from '../../../../deploy/tools.mjs';
import { type BusService, natsConf } from './nats-conf.js';
import { type NatsServer, startNatsServer } from './nats-server.js';

const passwords = { ingress: 'in', policy: 'po', relay: 're', console: 'co' };

describe('a configuration of nats-server', () => {
  it.each(['a"b', 'a\\b', 'a\nb', 'a\0b'])('cannot be broken by a path such as %j', (storeFolder) => {
    expect(() => natsConf({ host: '127.0.0.1', port: -1, storeFolder, passwords })).toThrow(/cannot be written/);
  });

  it.each(['a"b', 'a\nb'])('of a cluster cannot be broken by a password or a name such as %j', (text) => {
    const conf = { host: '127.0.0.1', port: -1, storeFolder: 's', passwords };
    const cluster = { serverName: 'n', port: 6222, routes: ['127.0.0.1:6223'], password: 'p' };
    expect(natsConf({ ...conf, cluster })).toContain('nats://route:p@127.0.0.1:6223');
    expect(() => natsConf({ ...conf, cluster: { ...cluster, password: text } })).toThrow(/cannot be written/);
    expect(() => natsConf({ ...conf, cluster: { ...cluster, serverName: text } })).toThrow(/cannot be written/);
  });
});

describe('a nats-server with that configuration', () => {
  let folder = '';
  let server: NatsServer;
  const open: NatsConnection[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'guildhall-nats-'));
    const tool = findNatsServer();
    if (tool === undefined) throw new Error('these tests need nats-server: npm test fetches it');
    const conf = natsConf({ host: '127.0.0.1', port: -1, storeFolder: join(folder, 'js'), passwords });
    server = await startNatsServer({ ...tool, folder, conf, log: () => {} });
  });
  afterAll(async () => {
    for (const connection of open) await connection.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function as(service: BusService): Promise<NatsConnection> {
    const given = { user: service, pass: passwords[service], inboxPrefix: subjects.inbox(service) };
    const connection = await connect({ servers: server.url, reconnect: false, ...given });
    open.push(connection);
    return connection;
  }

  /** Whether the server lets `who` do it: its complaint comes before the answer to a ping sent behind. */
  async function refused(who: BusService, act: (connection: NatsConnection) => void): Promise<boolean> {
    const connection = await as(who);
    let complained = false;
    const watch = (async () => {
      for await (const status of connection.status()) if (status.type === 'error') complained = true;
    })();
    act(connection);
    await connection.flush();
    await connection.close();
    await watch;
    return complained;
  }

  it('refuses who gives no name', async () => {
    await expect(connect({ servers: server.url, reconnect: false })).rejects.toThrow(/authorization violation/i);
  });

  it.each<[string, BusService, (connection: NatsConnection) => void]>([
    ['ingress may not speak as a relay', 'ingress', (nc) => nc.publish(subjects.ingress('i'))],
    ['ingress may not change the membership', 'ingress', (nc) => nc.publish(`$KV.${buckets.membership}.community`)],
    ['relay may not listen to what ingress is answered', 'relay', (nc) => void nc.subscribe(`${subjects.inbox('ingress')}.>`)],
    ['nor anybody to what everybody is', 'ingress', (nc) => void nc.subscribe('_INBOX.>')],
    ['ingress may not use JetStream', 'ingress', (nc) => nc.publish('$JS.API.INFO')],
    ['ingress may not hear what goes to relays', 'ingress', (nc) => nc.subscribe(subjects.relay('r'))],
    ['ingress may not say that the membership changed', 'ingress', (nc) => nc.publish(subjects.changed)],
    ['relay may not ask for token keys', 'relay', (nc) => nc.publish(subjects.tokenKeys)],
    ['relay may not answer askers of policy', 'relay', (nc) => nc.subscribe(subjects.ask)],
    ['relay may not greet as an ingress', 'relay', (nc) => nc.publish(subjects.hello('ingress', 'x'))],
    ['policy may not see mail', 'policy', (nc) => nc.subscribe(subjects.relay('r'))],
    ['policy may not send mail', 'policy', (nc) => nc.publish(subjects.relay('r'))],
    ['ingress may not write the audit log', 'ingress', (nc) => nc.publish(auditSubject)],
    ['relay may not say whom it met', 'relay', (nc) => nc.publish(subjects.sighted)],
    ['relay may not say what is revoked', 'relay', (nc) => nc.subscribe(subjects.revocations)],
    ['ingress may not see whom others turned away', 'ingress', (nc) => nc.subscribe(subjects.turnedAway)],
    ['nobody listens to everything', 'policy', (nc) => nc.subscribe('>')],
    ['ingress may not read records', 'ingress', (nc) => nc.publish(`$JS.API.STREAM.MSG.GET.${streams.records}`)],
    ['ingress may not follow records', 'ingress', (nc) => nc.publish(`$JS.API.CONSUMER.CREATE.${streams.records}.c`)],
    ['ingress may not hear what others record', 'ingress', (nc) => nc.subscribe(subjects.records('i'))],
    ['ingress may not mark a member', 'ingress', (nc) => nc.publish(subjects.marked)],
    ['ingress may not report as a relay', 'ingress', (nc) => nc.publish(subjects.report('relay', 'x'))],
    ['ingress may not say what passes', 'ingress', (nc) => nc.publish(subjects.traffic)],
    ['ingress may not ask who may see metrics', 'ingress', (nc) => nc.publish(subjects.access)],
    ['relay may not ask who is a member', 'relay', (nc) => nc.publish(subjects.memberIds)],
    ['relay may not make records', 'relay', (nc) => nc.publish(subjects.records('i'))],
    ['relay may not keep heads', 'relay', (nc) => nc.publish(subjects.kept('i'))],
    ['relay may not ask for the key that hides users', 'relay', (nc) => nc.publish(subjects.privacyKey)],
    ['policy may not make records', 'policy', (nc) => nc.publish(subjects.records('i'))],
    ['console may not change the membership', 'console', (nc) => nc.publish(`$KV.${buckets.membership}.community`)],
    ['console may not read the membership', 'console', (nc) => nc.publish(`$JS.API.STREAM.MSG.GET.KV_${buckets.membership}`)],
    ['console may not read access tokens', 'console', (nc) => nc.publish(`$JS.API.DIRECT.GET.KV_${buckets.accessTokens}.x`)],
    ['console may not get a message sent as it is', 'console', (nc) => nc.publish(`$JS.API.DIRECT.GET.${streams.traffic}`)],
    ['console may not follow the audit log', 'console', (nc) => nc.publish(`$JS.API.CONSUMER.CREATE.${streams.audit}`)],
    ['console may not write the audit log', 'console', (nc) => nc.publish(auditSubject)],
    ['console may not make records', 'console', (nc) => nc.publish(subjects.records('i'))],
    ['console may not keep heads', 'console', (nc) => nc.publish(subjects.kept('i'))],
    ['console may not empty a stream', 'console', (nc) => nc.publish(`$JS.API.STREAM.PURGE.${streams.records}`)],
    ['console may not change a stream', 'console', (nc) => nc.publish(`$JS.API.STREAM.UPDATE.${streams.records}`)],
    ['console may not make a stream', 'console', (nc) => nc.publish(`$JS.API.STREAM.CREATE.${streams.traffic}`)],
    ['console may not take records out', 'console', (nc) => nc.publish(`$JS.API.STREAM.MSG.DELETE.${streams.records}`)],
    ['console may not speak as an ingress', 'console', (nc) => nc.publish(subjects.relay('r'))],
    ['console may not speak as a relay', 'console', (nc) => nc.publish(subjects.ingress('i'))],
    ['console may not greet as a policy', 'console', (nc) => nc.publish(subjects.hello('policy', 'x'))],
    ['console may not report as another', 'console', (nc) => nc.publish(subjects.report('ingress', 'x'))],
    ['console may not ask for route token keys', 'console', (nc) => nc.publish(subjects.tokenKeys)],
    ['console may not mark a member', 'console', (nc) => nc.publish(subjects.marked)],
    ['console may not overhear questions', 'console', (nc) => nc.subscribe(subjects.ask)],
    ['console may not answer for policy', 'console', (nc) => nc.subscribe(subjects.access)],
    ['console may not see mail', 'console', (nc) => nc.subscribe(subjects.relay('r'))],
  ])('%s', async (_what, who, act) => {
    expect(await refused(who, act)).toBe(true);
  });

  it.each<[string, BusService, (connection: NatsConnection) => void]>([
    ['ingress forwards to any relay', 'ingress', (nc) => nc.publish(subjects.relay('r'))],
    ['ingress hears its outcomes', 'ingress', (nc) => nc.subscribe(subjects.ingress('i'))],
    ['relay reports to any ingress', 'relay', (nc) => nc.publish(subjects.ingress('i'))],
    ['everyone hears every hello', 'relay', (nc) => nc.subscribe(subjects.everyHello)],
    ['ingress asks what is revoked', 'ingress', (nc) => nc.publish(subjects.revocations)],
    ['relay asks what is revoked', 'relay', (nc) => nc.publish(subjects.revocations)],
    ['relay tells whom it turned away', 'relay', (nc) => nc.publish(subjects.turnedAway)],
    ['ingress tells of strangers', 'ingress', (nc) => nc.publish(subjects.sighted)],
    ['policy hears of strangers', 'policy', (nc) => nc.subscribe(subjects.sighted)],
    ['policy hears who was turned away', 'policy', (nc) => nc.subscribe(subjects.turnedAway)],
    ['policy tells of changes', 'policy', (nc) => nc.publish(subjects.changed)],
    ['policy tells which members are marked', 'policy', (nc) => nc.publish(subjects.marked)],
    ['policy hears who asks for metrics', 'policy', (nc) => nc.subscribe(subjects.access)],
    ['policy hears who asks for the key that hides users', 'policy', (nc) => nc.subscribe(subjects.privacyKey)],
    ['ingress hears which members are marked', 'ingress', (nc) => nc.subscribe(subjects.marked)],
    ['ingress makes records', 'ingress', (nc) => nc.publish(subjects.records('i'))],
    ['ingress keeps heads', 'ingress', (nc) => nc.publish(subjects.kept('i'))],
    ['ingress asks for the key that hides users', 'ingress', (nc) => nc.publish(subjects.privacyKey)],
    ['ingress reports', 'ingress', (nc) => nc.publish(subjects.report('ingress', 'i'))],
    ['relay reports', 'relay', (nc) => nc.publish(subjects.report('relay', 'r'))],
    ['policy reports', 'policy', (nc) => nc.publish(subjects.report('policy', 'p'))],
    ['console reports', 'console', (nc) => nc.publish(subjects.report('console', 'c'))],
    ['console hears every report', 'console', (nc) => nc.subscribe(subjects.everyReport)],
    ['console says what passes', 'console', (nc) => nc.publish(subjects.traffic)],
    ['console keeps minutes', 'console', (nc) => nc.publish(subjects.trafficMinute)],
    ['console asks who may see metrics', 'console', (nc) => nc.publish(subjects.access)],
    ['policy hears who asks for members', 'policy', (nc) => nc.subscribe(subjects.memberIds)],
    ['console asks who is a member', 'console', (nc) => nc.publish(subjects.memberIds)],
    ['console asks for the key that hides users', 'console', (nc) => nc.publish(subjects.privacyKey)],
  ])('%s', async (_what, who, act) => {
    expect(await refused(who, act)).toBe(false);
  });

  it('lets policy keep the membership, and see its changes', async () => {
    const kv = await new Kvm(await as('policy')).create(buckets.membership, { history: 5 });
    await kv.put('community', 'x');
    const watch = await kv.watch();
    for await (const entry of watch) {
      expect([entry.key, entry.string()]).toEqual(['community', 'x']);
      break;
    }
  });

  it('lets policy keep every other bucket and the audit log', async () => {
    const policy = await as('policy');
    for (const bucket of Object.values(buckets)) await (await new Kvm(policy).create(bucket, { history: 5 })).put('key', 'x');
    const manager = await jetstreamManager(policy);
    await manager.streams.add({ name: streams.audit, subjects: [auditSubject] });
    const { seq } = await manager.jetstream().publish(auditSubject, 'x');
    expect((await manager.streams.getMessage(streams.audit, { seq }))?.string()).toBe('x');
  });

  it('lets console follow and read what ingress and console itself add to streams that policy made', async () => {
    const made = await jetstreamManager(await as('policy'));
    const kept = {
      [streams.records]: subjects.records('i'),
      [streams.kept]: subjects.kept('i'),
      [streams.traffic]: subjects.trafficMinute,
    };
    for (const [name, subject] of Object.entries(kept)) await made.streams.add({ name, subjects: [subject], allow_direct: true });
    // Ingress adds without any of JetStream's own subjects: the answer comes to its inbox.
    const ingress = jetstream(await as('ingress'));
    await ingress.publish(subjects.records('i'), 'record');
    await ingress.publish(subjects.kept('i'), 'head');

    const manager = await jetstreamManager(await as('console'));
    await manager.jetstream().publish(subjects.trafficMinute, 'minute', { msgID: '1' });
    for (const [name, text] of Object.entries({ [streams.records]: 'record', [streams.kept]: 'head', [streams.traffic]: 'minute' })) {
      expect((await manager.streams.info(name)).state.messages).toBe(1);
      expect((await manager.streams.getMessage(name, { seq: 1 }))?.string()).toBe(text);
      const ordered = await manager.jetstream().consumers.get(name);
      expect((await ordered.next({ expires: 5000 }))?.string()).toBe(text);
      await ordered.delete();
      await manager.consumers.add(name, { durable_name: 'console', ack_policy: 'explicit' });
      const durable = await manager.jetstream().consumers.get(name, 'console');
      expect(await (await durable.next({ expires: 5000 }))?.ackAck()).toBe(true);
      expect(await durable.delete()).toBe(true);
    }
  });

  it('puts nothing that console stored into the membership, whatever console names as the place for answers', async () => {
    const policy = await as('policy');
    const membership = await new Kvm(policy).create(buckets.membership, { history: 5 });
    await membership.put('member.acme', 'as it was');
    const name = streams.traffic;
    const made = await jetstreamManager(policy);
    await made.streams.add({ name, subjects: [subjects.trafficMinute], allow_direct: true });
    const console = await as('console');
    const manager = await jetstreamManager(console);
    await manager.jetstream().publish(subjects.trafficMinute, 'as console wants it');
    const reply = `$KV.${buckets.membership}.member.acme`;
    await manager.consumers.add(name, { name: 'push', deliver_subject: reply, ack_policy: 'none' });
    await manager.consumers.add(name, { name: 'pull', ack_policy: 'none' });
    console.publish(`$JS.API.CONSUMER.MSG.NEXT.${name}.pull`, '1', { reply });
    console.publish(`$JS.API.DIRECT.GET.${name}`, JSON.stringify({ seq: 1 }), { reply });
    // Behind these, in the order of its connection.
    await manager.streams.getMessage(name, { seq: 1 });
    const found: string[] = [];
    for await (const entry of await membership.history({ key: 'member.acme' })) found.push(entry.string());
    expect(found).not.toContain('as console wants it');
  });

  it('lets policy answer those who ask', async () => {
    const policy = await as('policy');
    policy.subscribe(subjects.ask, { queue: 'policy', callback: (_error, message) => void message.respond('yes') });
    await policy.flush();
    const ingress = await as('ingress');
    expect((await ingress.request(subjects.ask, 'may I?', { timeout: 2000 })).string()).toBe('yes');
  });
});
