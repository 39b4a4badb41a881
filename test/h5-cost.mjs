import { connect } from 'node:tls';
import { openSafe } from './dist/stage/certificates.js';
import { startHub } from './dist/stage/hub.js';
import { hubCertificate, memberCertificate } from './dist/stage/identities.js';
import { usageBelow } from './dist/bench/usage.js';
const safe = openSafe(); const authority = await safe.authority('x');
const N = Number(process.argv[2] ?? 400);
const members = Array.from({ length: 50 }, (_, at) => ({ id: `m${at}`, domains: [`m${at}.example`], proxies: [{ host: '127.0.0.1', port: 9, name: `sip.m${at}.example` }] }));
const ids = await Promise.all(members.map((m) => memberCertificate(authority, m.domains[0])));
const hub = await startHub({ community: { members }, domain: 'hub.example', identity: await hubCertificate(authority, 'hub.example'), authority, apart: true, settings: { ingress: { limits: { handshakesPerSecond: 2000, handshakesPerSecondPerAddress: 2000 } } }, environment: process.argv[3] ? { NODE_OPTIONS: `--import=/tmp/h5/hook.mjs` } : {} });
const open = (id) => new Promise((resolve, reject) => { const s = connect({ host: '127.0.0.1', port: hub.ingresses[0].port, servername: 'hub.example', cert: id.cert, key: id.key, ca: authority.cert }); s.once('error', reject); s.once('data', () => resolve(s)); s.once('secureConnect', () => s.write('\r\n\r\n')); });
const pid = hub.ingresses[0].pid();
for (const round of [1, 2, 3]) {
  const before = [...usageBelow(pid).cpu.values()][0]; const t0 = performance.now();
  let left = N; const socks = [];
  await Promise.all(Array.from({ length: 20 }, async () => { while (left-- > 0) socks.push(await open(ids[left % 50])); }));
  const after = [...usageBelow(pid).cpu.values()][0];
  console.log(`round ${round}: ${((after - before) * 1000 / N).toFixed(2)} ms CPU of ingress a handshake, ${(N / (performance.now() - t0) * 1000).toFixed(0)}/s`);
  for (const s of socks) s.destroy();
  await new Promise((r) => setTimeout(r, 500));
}
await hub.close(); safe.close();
