import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { untilReady } from './until-ready.js';

const open: Server[] = [];

async function door(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  open.push(server);
  await once(server, 'listening');
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? `127.0.0.1:${bound.port}` : '';
}

/** Says no until it was asked `times`. */
function readyAfter(times: number, reasons: readonly string[] = ['NATS is not connected']): RequestListener {
  let asked = 0;
  return (_, response) => {
    asked += 1;
    const ok = asked > times;
    response.writeHead(ok ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify({ ok, reasons: ok ? [] : reasons }));
  };
}

async function ask(admin: Record<string, string>, patience: number) {
  const said: string[] = [];
  const late = await untilReady({ admin, patience, again: 5, say: (level, message) => said.push(`${level}: ${message}`) });
  return { late, said };
}

afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe('a hub that has started', () => {
  it('tells which service is not ready in time, and its reasons', async () => {
    const admin = {
      relay: await door(readyAfter(Number.POSITIVE_INFINITY, ['a', 'b'])),
      policy: await door(readyAfter(Number.POSITIVE_INFINITY, [])),
      ingress: await door(readyAfter(2)),
    };
    const { late, said } = await ask(admin, 300);
    expect(late).toEqual(['relay', 'policy']);
    expect(said.sort()).toEqual([
      'warn: policy is not ready after 0.3 s: it does not say why',
      'warn: relay is not ready after 0.3 s: a; b',
    ]);
  });

  it('tells of a door that is closed, one that says nothing, and one that says something else', async () => {
    const admin = {
      relay: '127.0.0.1:1',
      ingress: await door(() => {}),
      console: await door((_, response) => response.writeHead(503).end('no')),
    };
    const { late, said } = await ask(admin, 200);
    expect(late).toEqual(['relay', 'ingress', 'console']);
    expect(said).toHaveLength(3);
    for (const line of said) expect(line).toMatch(/^warn: \w+ is not ready after 0\.2 s: it does not answer at its admin address$/);
  });

  it('is waited for until each says yes, and nothing is said', async () => {
    const admin = { relay: await door(readyAfter(0)), ingress: await door(readyAfter(4)) };
    expect(await ask(admin, 10_000)).toEqual({ late: [], said: [] });
  });
});
