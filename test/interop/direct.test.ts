import { afterAll, beforeAll, expect, it } from 'vitest';
import { memberCertificate } from '../stage/bad-certificates.js';
import { openSafe } from '../stage/certificates.js';
import { type KamailioProxy, startKamailio } from '../stage/kamailio.js';
import { freePort } from '../stage/port.js';
import { registerUser } from '../stage/registration.js';
import { playSipp, startSipp } from '../stage/sipp.js';

const safe = openSafe();
let acme: KamailioProxy;
let bolt: KamailioProxy;
beforeAll(async () => {
  const authority = await safe.authority('community');
  const [a, b] = [await freePort(), await freePort()];
  acme = await startKamailio({
    domain: 'acme.example',
    identity: await memberCertificate(authority, 'acme.example'),
    authority,
    tlsPort: a,
    hub: { host: '127.0.0.1', port: b, name: 'sip.bolt.example' },
  });
  bolt = await startKamailio({
    domain: 'bolt.example',
    identity: await memberCertificate(authority, 'bolt.example'),
    authority,
    tlsPort: b,
    hub: { host: '127.0.0.1', port: a, name: 'sip.acme.example' },
  });
});
afterAll(async () => {
  console.log(acme?.output(), bolt?.output());
  await acme?.close();
  await bolt?.close();
  safe.close();
});
it.each(['message', 'options', 'subscribe', 'call', 'cancel', 'busy'])('%s', async (story) => {
  const t0 = Date.now();
  const bob = await startSipp({
    scenario: `${story}-answers`,
    proxyPort: bolt.userPort,
    words: { me: `bob-${story}@bolt.example`, far: `alice-${story}@acme.example` },
    patience: 6,
  });
  await registerUser(`bob-${story}`, 'bolt.example', bob.port, bolt.userPort);
  const alice = await startSipp({
    scenario: `${story}-sends`,
    proxyPort: acme.userPort,
    words: { far: `bob-${story}@bolt.example`, me: `alice-${story}@acme.example` },
    patience: 6,
  });
  await registerUser(`alice-${story}`, 'acme.example', alice.port, acme.userPort);
  const [a, b] = await Promise.all([alice.over, bob.over]);
  console.log(story, Date.now() - t0);
  expect(a.errors + b.errors).toBe('');
});
