import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { openState } from '@guildhall/cli/hub/state-folder';
import { ensureSample } from '@guildhall/cli/sample/sample';
import { auditSubject, buckets, streams, subjects } from '@guildhall/proto/subjects';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkoutRoot } from '../stage/checkout.js';
import { openFolder } from '../stage/folder.js';
import { freePort } from '../stage/port.js';
import { type Program, startProgram } from '../stage/program.js';

type User = 'ingress' | 'relay' | 'policy' | 'console';

/** What no service may say, for each of them. */
const unsaid: Readonly<Record<User, readonly string[]>> = {
  ingress: [
    subjects.changed,
    subjects.ingress('ingress-1'),
    subjects.arrived('ingress', 'ingress-1'),
    subjects.depart('ingress', 'ingress-1'),
    subjects.hello('relay', 'ghost'),
    subjects.hello('policy', 'ghost'),
    subjects.report('relay', 'ghost'),
    subjects.door,
  ],
  relay: [
    subjects.changed,
    subjects.ask,
    subjects.trust,
    subjects.tokenKeys,
    subjects.sighted,
    subjects.watched,
    subjects.present,
    subjects.relay('relay-1'),
    subjects.arrived('relay', 'relay-1'),
    subjects.depart('relay', 'relay-1'),
    subjects.hello('ingress', 'ghost'),
    subjects.hello('policy', 'ghost'),
    subjects.report('ingress', 'ghost'),
    subjects.records('ingress-1'),
  ],
  policy: [
    subjects.ask,
    subjects.relay('relay-1'),
    subjects.ingress('ingress-1'),
    subjects.arrived('relay', 'relay-1'),
    subjects.depart('ingress', 'ingress-1'),
    subjects.present,
    subjects.hello('ingress', 'ghost'),
    subjects.hello('relay', 'ghost'),
    subjects.report('relay', 'ghost'),
  ],
  console: [
    subjects.changed,
    subjects.marked,
    subjects.ask,
    subjects.trust,
    subjects.tokenKeys,
    subjects.door,
    subjects.present,
    subjects.relay('relay-1'),
    subjects.ingress('ingress-1'),
    subjects.arrived('relay', 'relay-1'),
    subjects.depart('ingress', 'ingress-1'),
    subjects.hello('ingress', 'ghost'),
    subjects.report('relay', 'ghost'),
    subjects.records('ingress-1'),
    subjects.kept('ingress-1'),
    ...['DELETE', 'PURGE', 'UPDATE', 'CREATE'].map((verb) => `$JS.API.STREAM.${verb}.${streams.records}`),
    `$JS.API.DIRECT.GET.${streams.records}`,
  ],
};
/** What none but policy may say: JetStream's, other services' answers, the server's own. */
const unsaidByOthers = [
  auditSubject,
  '$JS.API.STREAM.DELETE.AUDIT',
  `$JS.API.STREAM.PURGE.KV_${buckets.membership}`,
  `$JS.API.STREAM.MSG.GET.KV_${buckets.tokenKeys}`,
  `$JS.API.DIRECT.GET.KV_${buckets.tokenKeys}`,
  ...Object.values(buckets).map((bucket) => `$KV.${bucket}.x`),
  `${subjects.inbox('policy')}.x`,
  `${subjects.inbox('ingress')}.x`,
  '_INBOX.x',
  '$SYS.REQ.SERVER.PING',
];
/** What none may listen to. */
const unheard: Readonly<Record<User, readonly string[]>> = {
  ingress: [
    '>',
    'gh.v1.>',
    subjects.ask,
    subjects.trust,
    subjects.tokenKeys,
    subjects.door,
    'gh.v1.relay.*',
    'gh.v1.arrived.relay.*',
    'gh.v1.depart.relay.*',
    '_INBOX.>',
    `${subjects.inbox('relay')}.>`,
    `${subjects.inbox('policy')}.>`,
    '$KV.>',
    '$JS.>',
    '$SYS.>',
  ],
  relay: [
    '>',
    'gh.v1.>',
    subjects.ask,
    subjects.tokenKeys,
    'gh.v1.ingress.*',
    'gh.v1.arrived.ingress.*',
    '_INBOX.>',
    `${subjects.inbox('ingress')}.>`,
    `${subjects.inbox('policy')}.>`,
    '$KV.>',
    '$JS.>',
    '$SYS.>',
  ],
  policy: [
    '>',
    'gh.v1.>',
    'gh.v1.relay.*',
    'gh.v1.ingress.*',
    'gh.v1.arrived.*.*',
    'gh.v1.depart.*.*',
    '_INBOX.>',
    `${subjects.inbox('ingress')}.>`,
    '$SYS.>',
  ],
  console: [
    '>',
    'gh.v1.>',
    subjects.ask,
    subjects.access,
    subjects.tokenKeys,
    'gh.v1.relay.*',
    'gh.v1.ingress.*',
    'gh.v1.records.*',
    '_INBOX.>',
    `${subjects.inbox('ingress')}.>`,
    `${subjects.inbox('policy')}.>`,
    '$KV.>',
    '$JS.>',
    '$SYS.>',
  ],
};

describe('the bus of a hub that `guildhall up` runs', () => {
  const folder = openFolder('hostile-nats');
  let hub: Program | undefined;
  let url = '';
  let conf = '';
  const passwords = new Map<string, string>();

  beforeAll(async () => {
    const { file } = await ensureSample(openState(folder.path, '/'), new Date());
    let text = readFileSync(file, 'utf8');
    for (const port of ['5061', '6061', '6071']) text = text.replace(`port: ${port}`, `port: ${await freePort()}`);
    writeFileSync(file, text);
    const main = join(checkoutRoot(), 'services', 'cli', 'dist', 'main.js');
    const nats = process.env['GUILDHALL_NATS_SERVER'];
    hub = await startProgram(process.execPath, [main, 'up', '--json', '--state', folder.path], {
      folder: folder.path,
      group: true,
      environment: nats === undefined ? {} : { GUILDHALL_NATS_SERVER: nats },
    });
    const [line] = await hub.line(/^\{"ready":.*$/m, 50_000);
    url = String(JSON.parse(line).nats);
    const found = readdirSync(folder.path, { recursive: true }).find((name) => String(name).endsWith('nats.conf'));
    conf = join(folder.path, String(found));
    for (const [, user = '', password = ''] of readFileSync(conf, 'utf8').matchAll(/user: (\w+), password: "([^"]+)"/g))
      passwords.set(user, password);
  });
  afterAll(async () => {
    await hub?.stop();
    folder.close();
  });

  const enter = (user: string, pass: string): Promise<NatsConnection> =>
    connect({ servers: url, user, pass, reconnect: false, noAsyncTraces: true, timeout: 2_000 });
  const as = async (user: User, act: (connection: NatsConnection) => Promise<void>): Promise<void> => {
    const connection = await enter(user, passwords.get(user) ?? '');
    try {
      await act(connection);
    } finally {
      await connection.close();
    }
  };
  /** What the server says against what this user does next. */
  const objections = (connection: NatsConnection): string[] => {
    const told: string[] = [];
    void (async () => {
      for await (const status of connection.status()) if (status.type === 'error') told.push(status.error.message);
    })();
    return told;
  };

  it('lets in nobody without name and password, nor with a wrong one; its passwords are long, and in a file of its owner', async () => {
    await expect(connect({ servers: url, reconnect: false, timeout: 2_000 })).rejects.toThrow(/authorization/i);
    for (const [user, pass] of [
      ['ingress', ''],
      ['ingress', 'ingress'],
      ['relay', passwords.get('ingress') ?? ''],
      ['', ''],
      ['admin', 'admin'],
      ['guildhall', passwords.get('policy') ?? ''],
    ] as const) {
      await expect(enter(user, pass), user).rejects.toThrow(/authorization/i);
    }
    expect([...passwords.keys()].sort()).toEqual(['console', 'ingress', 'policy', 'relay']);
    for (const password of passwords.values()) expect(password.length).toBeGreaterThanOrEqual(24);
    expect(new Set(passwords.values()).size).toBe(4);
    expect(statSync(conf).mode & 0o077).toBe(0);
  });

  it('without a password no subject is open: what is said before the greeting ends the connection', async () => {
    const { hostname, port } = new URL(url);
    for (const words of [
      'PUB gh.v1.changed 0\r\n\r\n',
      'SUB > 1\r\nPING\r\n',
      'CONNECT {}\r\nSUB > 1\r\nPING\r\n',
      `${'A'.repeat(100_000)}\r\n`,
    ]) {
      const socket = connectTcp(Number(port), hostname);
      let heard = '';
      socket.on('data', (chunk) => {
        heard += chunk.toString('latin1');
      });
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.write(words);
      await new Promise((resolve) => socket.once('close', resolve));
      expect(heard).not.toContain('MSG ');
      expect(heard).not.toContain('PONG');
    }
  });

  it.each(['ingress', 'relay', 'policy', 'console'] as const)('%s says and hears what it needs and nothing else', async (user) => {
    await as(user, async (connection) => {
      const told = objections(connection);
      const silent = [...unsaid[user], ...(user === 'policy' ? [] : unsaidByOthers)];
      for (const subject of silent) connection.publish(subject, Buffer.from('x'));
      for (const subject of unheard[user]) connection.subscribe(subject, { callback: () => undefined });
      await connection.flush();
      await expect.poll(() => told.length).toBeGreaterThanOrEqual(silent.length + unheard[user].length);
      for (const subject of [...silent, ...unheard[user]]) {
        expect(
          told.some((text) => text.includes(`"${subject}"`)),
          `${user} and ${subject}: ${told.join('; ').slice(0, 2000)}`,
        ).toBe(true);
      }
    });
  });

  it('a relay does not overhear the keys that policy gives an ingress', async () => {
    await as('relay', async (spy) => {
      let overheard = 0;
      for (const subject of ['_INBOX.>', `${subjects.inbox('ingress')}.>`, '_INBOX.*.*.*', '>']) {
        spy.subscribe(subject, {
          callback(error) {
            if (error === null) overheard += 1;
          },
        });
      }
      await spy.flush();
      const connection = await connect({
        servers: url,
        user: 'ingress',
        pass: passwords.get('ingress') ?? '',
        inboxPrefix: subjects.inbox('ingress'),
        reconnect: false,
      });
      const answer = await connection.request(subjects.tokenKeys, new Uint8Array(), { timeout: 5_000 });
      expect(answer.data.length).toBeGreaterThan(32);
      await connection.close();
      await spy.flush();
      expect(overheard).toBe(0);
    });
  });

  it('and the hub is as well as before', async () => {
    await as('ingress', async (connection) => {
      const heard: string[] = [];
      connection.subscribe(subjects.everyHello, {
        callback(error, message) {
          if (error === null) heard.push(message.subject);
        },
      });
      await expect.poll(() => new Set(heard.map((subject) => subject.split('.')[3])).size).toBe(4);
    });
  });
});
