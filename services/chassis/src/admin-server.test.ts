import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type AdminPages, type AdminServer, startAdminServer } from './admin-server.js';
import { listenFault } from './listen-fault.js';

const open: AdminServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const pages: AdminPages = { ready: () => ({ ok: true, reasons: [] }), metrics: async () => 'a 1\n' };

async function start(rest: Partial<AdminPages> = {}): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const server = await startAdminServer({ host: '127.0.0.1', port: 0 }, { ...pages, ...rest });
  open.push(server);
  return (path, init) => fetch(`http://${server.address}${path}`, init);
}

describe('the admin port', () => {
  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s', async (method) => {
    const get = await start();
    const response = await get('/metrics', { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it.each(['/', '/metrics/', '/../etc/passwd', '/livezz', '//readyz'])('has no %s', async (path) => {
    const get = await start();
    expect((await get(path)).status).toBe(404);
  });

  it('closes on bytes that are no HTTP', async () => {
    await start();
    const [server] = open;
    const port = Number(server?.address.split(':')[1]);
    const text = await new Promise<string>((resolve) => {
      let seen = '';
      const socket = connect(port, '127.0.0.1', () => socket.write('\u0016\u0003\u0001garbage\r\n\r\n'));
      socket.on('data', (chunk) => {
        seen += chunk.toString();
      });
      socket.on('close', () => resolve(seen));
    });
    expect(text).toMatch(/^HTTP\/1.1 400/);
  });

  it('says why it is not ready', async () => {
    const get = await start({ ready: () => ({ ok: false, reasons: ['no connection to NATS'] }) });
    const response = await get('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ ok: false, reasons: ['no connection to NATS'] });
  });

  it('says 500, without a stack, when a page breaks, and lives on', async () => {
    const get = await start({
      metrics: async () => {
        throw new Error('boom');
      },
    });
    const response = await get('/metrics');
    expect([response.status, await response.text()]).toEqual([500, '']);
    expect((await get('/livez')).status).toBe(200);
  });

  it('answers liveness, readiness and metrics', async () => {
    let live = true;
    const get = await start({ live: () => live });
    expect(await (await get('/livez')).json()).toEqual({ ok: true });
    expect(await (await get('/readyz?verbose')).json()).toEqual({ ok: true, reasons: [] });
    const metrics = await get('/metrics');
    expect(metrics.headers.get('content-type')).toContain('version=0.0.4');
    expect(await metrics.text()).toBe('a 1\n');
    const head = await get('/metrics', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    live = false;
    expect((await get('/livez')).status).toBe(503);
  });

  it('cannot be opened twice on one port', async () => {
    await start();
    const [first] = open;
    const port = Number(first?.address.split(':')[1]);
    await expect(startAdminServer({ host: '127.0.0.1', port }, pages)).rejects.toMatchObject({ code: 'port-taken' });
  });

  it('cannot be opened on an address of another machine', async () => {
    await expect(startAdminServer({ host: '192.0.2.1', port: 0 }, pages)).rejects.toMatchObject({ code: 'address-unavailable' });
  });
});

describe('a listener that cannot listen', () => {
  it.each([
    ['EADDRINUSE', 'port-taken'],
    ['EACCES', 'port-forbidden'],
    ['EADDRNOTAVAIL', 'address-unavailable'],
    ['EMFILE', 'cannot-listen'],
  ])('%s is %s, with the place and the setting', (code, expected) => {
    const fault = listenFault(Object.assign(new Error('x'), { code }), 'the listener members', { host: '::', port: 443 }, 'listeners');
    expect(fault.code).toBe(expected);
    expect(fault.message).toContain('the listener members cannot listen on [::]:443');
    expect(fault.cure).toContain('listeners');
  });
});
