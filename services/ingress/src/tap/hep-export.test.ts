import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createHepExport, type HepExport } from './hep-export.js';
import { type HepCapture, hepEnd } from './hep-packet.js';
import { type HepConfig, hepConfig } from './tap-config.js';

const opened: { close(): void }[] = [];
const folder = mkdtempSync(join(tmpdir(), 'hep-'));
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

async function captureServer(): Promise<{ socket: Socket; port: number; packets: Buffer[] }> {
  const socket = createSocket('udp4');
  const packets: Buffer[] = [];
  socket.on('message', (packet) => packets.push(packet));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  opened.push(socket);
  return { socket, port: socket.address().port, packets };
}

function start(settings: Partial<HepConfig>, clock = () => 0): { hep: HepExport; told: string[] } {
  const told: string[] = [];
  const hep = createHepExport(hepConfig.parse({ enabled: true, ...settings }), { id: 'i1', clock, failed: (why) => told.push(why) });
  opened.push(hep);
  return { hep, told };
}

const capture = (payload = 'OPTIONS sip:x SIP/2.0\r\n\r\n'): HepCapture => ({
  from: hepEnd('192.0.2.1:5061'),
  to: hepEnd('192.0.2.2:5061'),
  at: 1_000,
  callId: 'c1',
  payload: Buffer.from(payload, 'latin1'),
});

/** Sends until the server's address is known. */
async function sendOnceReady(hep: HepExport): Promise<void> {
  for (;;) {
    const before = hep.counts.noServer;
    hep.send(capture());
    if (hep.counts.noServer === before) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the export to a capture server refuses to start', () => {
  it('with both a password and a file of one', () => {
    expect(() => hepConfig.parse({ password: 'a', passwordFile: '/b' })).toThrow('not both');
  });

  it('with a file that is not there or has no password', () => {
    const empty = join(folder, 'empty');
    writeFileSync(empty, '\n secret');
    expect(() => start({ passwordFile: join(folder, 'none') })).toThrow('cannot be read');
    expect(() => start({ passwordFile: empty })).toThrow('no password');
  });
});

describe('the export to a capture server', () => {
  it('sends packets with the secret of the file, and a server can read them', async () => {
    const { socket, port, packets } = await captureServer();
    const secret = join(folder, 'secret');
    writeFileSync(secret, 's3cret\n# of homer\n');
    const { hep } = start({ port, passwordFile: secret, captureId: 7 });
    const arrived = once(socket, 'message');
    await sendOnceReady(hep);
    await arrived;
    const [packet = Buffer.alloc(0)] = packets;
    expect(packet.readUInt16BE(4)).toBe(packet.length);
    expect(packet.includes(Buffer.from('\0\0\0\x0e\0\x0cs3cret'))).toBe(true);
    expect(packet.subarray(-25).toString('latin1')).toBe('OPTIONS sip:x SIP/2.0\r\n\r\n');
    await expect.poll(() => hep.counts.sent).toBe(1);
    rmSync(secret);
  });

  it('drops and counts what is over the rate or would wait too long, and before it knows where to', async () => {
    const { port } = await captureServer();
    let now = 0;
    const { hep } = start({ port, packetsPerSecond: 3, queue: 2 }, () => now);
    hep.send(capture());
    expect(hep.counts.noServer).toBe(1);
    await sendOnceReady(hep);
    for (let index = 0; index < 5; index += 1) hep.send(capture());
    expect(hep.counts.queueFull).toBe(4);
    await expect.poll(() => hep.counts.sent).toBe(2);
    hep.send(capture());
    await expect.poll(() => hep.counts.sent).toBe(3);
    hep.send(capture());
    expect(hep.counts.overRate).toBe(1);
    now = 1_000;
    hep.send(capture());
    await expect.poll(() => hep.counts.sent).toBe(4);
  });

  it('goes on where nobody listens, and tells of it once', async () => {
    const { socket, port } = await captureServer();
    const { hep, told } = start({ port });
    await sendOnceReady(hep);
    await expect.poll(() => hep.counts.sent).toBe(1);
    socket.close();
    opened.splice(opened.indexOf(socket), 1);
    await expect
      .poll(() => {
        hep.send(capture());
        return hep.counts.failed;
      })
      .toBeGreaterThan(2);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/ECONNREFUSED/);
  });

  it('tells of a name that is none', async () => {
    const { hep, told } = start({ host: 'nobody.invalid' });
    await expect.poll(() => told.length).toBe(1);
    hep.send(capture());
    expect(hep.counts.noServer).toBe(1);
  });
});
