import { X509Certificate } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, openSafe } from './certificates.js';
import { badCertificates, memberCertificate } from './identities.js';
import { createMailbox } from './mailbox.js';
import { startNats } from './nats.js';

describe('a mailbox', () => {
  it('gives what came and what comes, once, and says what was there when nothing fits', async () => {
    const mailbox = createMailbox<number>('acme', (item) => `item ${item}`);
    mailbox.put(1);
    mailbox.put(2);
    expect(await mailbox.take('two', (item) => item === 2)).toBe(2);
    const three = mailbox.take('three', (item) => item === 3);
    mailbox.put(3);
    expect(await three).toBe(3);
    expect(mailbox.held()).toEqual([1]);
    await expect(mailbox.take('nine', (item) => item === 9, 5)).rejects.toThrow(
      'acme waited for nine: not within 5 ms; there is:\n  item 1',
    );
    const ten = mailbox.take('ten', (item) => item === 10);
    mailbox.close('hung up');
    await expect(ten).rejects.toThrow('hung up');
    await expect(mailbox.take('two', (item) => item === 2)).rejects.toThrow('hung up');
  });
});

describe('certificates', () => {
  const safe = openSafe();
  let authority: Authority;
  beforeAll(async () => {
    authority = await safe.authority('community');
  });
  afterAll(() => safe.close());

  it('are what they say they are', async () => {
    const root = new X509Certificate(authority.cert);
    const good = new X509Certificate((await memberCertificate(authority, 'acme.example')).cert);
    expect(good.verify(root.publicKey)).toBe(true);
    expect(good.subjectAltName).toBe('DNS:sip.acme.example, DNS:acme.example, URI:sip:acme.example');
    expect(good.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.20']);

    const bad = new Map<string, X509Certificate>();
    for (const [flaw, issue] of Object.entries(badCertificates)) {
      bad.set(flaw, new X509Certificate((await issue(authority, 'acme.example', safe)).cert));
    }
    expect(Date.parse(bad.get('expired')?.validTo ?? '')).toBeLessThan(Date.now());
    expect(Date.parse(bad.get('not-yet-valid')?.validFrom ?? '')).toBeGreaterThan(Date.now());
    expect(bad.get('name-of-no-member')?.subjectAltName).not.toContain('acme');
    expect(bad.get('wildcard-name')?.subjectAltName).toBe('DNS:*.acme.example');
    expect(bad.get('not-for-clients')?.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(bad.get('common-name-only')?.subjectAltName).toBeUndefined();
    expect(bad.get('common-name-only')?.subject).toBe('CN=acme.example');
    expect(bad.get('weak-key')?.publicKey.asymmetricKeyDetails?.modulusLength).toBe(1024);
    expect(bad.get('untrusted-authority')?.verify(root.publicKey)).toBe(false);
  });
});

describe('nats', () => {
  it('starts, dies, comes back on its port and goes', async () => {
    const nats = await startNats();
    const port = Number(new URL(nats.url).port);
    const answers = () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1');
        socket.once('error', () => resolve(false));
        socket.once('data', (hello) => {
          socket.destroy();
          resolve(hello.toString('latin1').startsWith('INFO '));
        });
      });
    try {
      expect(await answers()).toBe(true);
      await nats.kill();
      expect(await answers()).toBe(false);
      await nats.revive();
      expect(await answers()).toBe(true);
    } finally {
      await nats.close();
    }
    expect(await answers()).toBe(false);
  });
});
