import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { echoRequests } from '../bench/request-echo.js';
import { createRequestTemplate } from '../bench/request-template.js';
import { type Authority, openSafe, type Safe } from '../stage/certificates.js';
import { memberCertificate } from '../stage/identities.js';
import { balance } from './ledger.js';
import { takeApart } from './mixed-stream.js';
import { pause } from './moment.js';
import { type Party, startParty } from './party.js';
import { openPartyServer } from './party-server.js';

/** Two parties without a hub: one sends to the other's port directly. */
describe('a party', () => {
  let safe: Safe;
  let authority: Authority;
  const open: Party[] = [];
  const party = async (id: string): Promise<Party> => {
    const domain = `${id}.example`;
    const { cert, key } = await memberCertificate(authority, domain);
    const one = await startParty(id, { domain, cert, key, ca: authority.cert });
    open.push(one);
    return one;
  };
  beforeAll(async () => {
    safe = openSafe();
    authority = await safe.authority('community');
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  afterAll(() => safe.close());

  /** Sends for a moment and gives the account. */
  async function play(sender: Party, receiver: Party, patience: number, during: () => Promise<void> = async () => {}) {
    await sender.dial([receiver.port], 'crow.example', 2);
    await sender.send(['crow.example'], 500);
    await pause(200);
    await during();
    await pause(200);
    const unanswered = await sender.settle(patience);
    const books = [await sender.books(), await receiver.books()];
    const account = balance({ books, blanks: new Set(), since: 0, faultAt: 0, endAt: 0, slow: 1_000, concerns: () => false });
    return { unanswered, account };
  }

  it('rejects an order that makes no sense, and lives on', async () => {
    const acme = await party('acme');
    await expect(startParty('x', { domain: 'x.example', cert: 'no', key: 'no', ca: 'no' })).rejects.toThrow(/the proxy of x: /);
    expect((await acme.books()).sent.count).toBe(0);
  });

  it('knows what became of everything it sent', async () => {
    const [acme, crow] = [await party('acme'), await party('crow')];
    const { unanswered, account } = await play(acme, crow, 5_000);
    expect(unanswered).toBe(0);
    expect(account.sent).toBeGreaterThan(50);
    expect(account).toMatchObject({ real: account.sent, duplicates: 0, lost: 0, died: 0, invented: 0, copies: 0, twoBranches: 0 });
  });

  it('tells silence from death', async () => {
    const [acme, crow] = [await party('acme'), await party('crow')];
    const silent = await play(acme, crow, 300, () => crow.behave({ kind: 'silent', pings: true }));
    expect(silent.unanswered).toBeGreaterThan(0);
    expect(silent.account).toMatchObject({ lost: silent.unanswered, lostThere: silent.unanswered, died: 0 });
    crow.signal('SIGKILL');
    expect(await acme.settle(5_000)).toBe(0);
    const books = await acme.books();
    expect(books.sent.connections.map((one) => one.end)).not.toContain('');
  });

  it.each([
    ['resets', { kind: 'resets' } as const],
    ['gone', { kind: 'gone' } as const],
  ])('that is told to behave as %s takes connections down with it, and the sender dials again', async (_, behaviour) => {
    const [acme, crow] = [await party('acme'), await party('crow')];
    const { account } = await play(acme, crow, 5_000, async () => {
      await crow.behave(behaviour);
      await pause(100);
      await crow.behave({ kind: 'answers', status: 200 });
      await pause(300);
    });
    expect(account.lost).toBe(0);
    expect(account.real + account.died).toBe(account.sent);
    expect((await acme.books()).sent.connections.length).toBeGreaterThan(2);
    expect((await acme.books()).sent.connections.at(-1)?.end).toBe('');
  });

  it('answers as it is told, later if so told', async () => {
    const [acme, crow] = [await party('acme'), await party('crow')];
    await crow.behave({ kind: 'answers', status: 503, delay: 50 });
    const { account } = await play(acme, crow, 5_000);
    expect(account.pairs[0]?.after.statuses).toEqual(new Map([[503, account.sent]]));
    expect(account.withoutRetryAfter).toBe(0);
  });

  it('sends on connections that come in, and answers what is asked on them', async () => {
    const [acme, crow] = [await memberCertificate(authority, 'acme.example'), await party('crow')];
    const { cert, key } = acme;
    let asked = 0;
    let heard = '';
    const far = connect({ host: '127.0.0.1', port: crow.port, servername: 'crow.example', cert, key, ca: authority.cert });
    far.on('data', (chunk: Buffer) => {
      for (const { kind, text } of takeApart(chunk.toString('latin1')).stretches) {
        if (kind === 'responses') heard += text;
        else {
          const echo = echoRequests(text);
          asked += echo.requests;
          far.write(echo.answers);
        }
      }
    });
    await crow.reuse();
    await crow.send(['acme.example'], 200);
    const template = createRequestTemplate('acme.example', 'crow.example', 'run', 600);
    far.write(template.batch(0, 1));
    await expect.poll(() => heard).toMatch(/^SIP\/2.0 200 OK\r\n/);
    await expect.poll(() => asked).toBeGreaterThan(20);
    expect(await crow.settle(5_000)).toBe(0);
    far.destroy();
    await expect.poll(async () => (await crow.books()).sent.connections.map((one) => one.end)).toEqual(['closed']);
    const { sent, received } = await crow.books();
    expect(sent).toMatchObject({ count: asked, strays: 0, troubles: [], connections: [{ port: crow.port }] });
    expect(received.runs.map(({ times }) => [...times])).toEqual([[1]]);
  });

  it('that is to send on connections that come in says so when none does', async () => {
    const server = await openPartyServer(0, {
      domain: 'crow.example',
      ...(await memberCertificate(authority, 'crow.example')),
      ca: authority.cert,
    });
    await expect(server.share({ borrow: () => () => {} }, 1)).rejects.toThrow('no connection to send on');
    server.close();
  });

  it('starts anew on the same port with empty books', async () => {
    const crow = await party('crow');
    const { port } = crow;
    crow.signal('SIGKILL');
    await crow.revive();
    expect(crow.port).toBe(port);
    expect((await crow.books()).received.accepted).toBe(0);
  });
});
