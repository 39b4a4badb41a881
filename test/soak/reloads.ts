import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:tls';
import type { Identity } from '../stage/certificates.js';
import { hubCertificate } from '../stage/identities.js';
import type { Member } from '../stage/member.js';
import { openPlay, type Play } from '../stage/play.js';
import { startTraffic } from './traffic.js';

/** How it is done. */
export interface ReloadsPart {
  readonly count: number;
  readonly lanes: number;
  /** Resident memory, MiB, after what is garbage was collected. */
  memory(): number;
  say(line: string): void;
}

/** What came of it. */
export interface ReloadsFindings {
  /** Reloads that new handshakes have seen, and certificates that were refused because they were broken. */
  readonly reloads: number;
  readonly refused: number;
  /** What the hub says itself: certificates that it saw on its listeners, and that were not there. */
  readonly served: number;
  readonly notServed: number;
  /** Messages answered 200, connections opened and answered under way, and everything that went wrong. */
  readonly messages: number;
  readonly connections: number;
  readonly failures: readonly string[];
  /** MiB at the middle and at the end. */
  readonly memory: { readonly middle: number; readonly end: number };
  readonly seconds: number;
}

/** Certificates that are put there in turn. */
const identities = 4;
/** Every so many reloads trust changes, and every so many a broken certificate comes first. */
const every = { trust: 5, broken: 10 } as const;
/** A reload that nobody has seen after this is a failure, ms. */
const patience = 10_000;

/** Reloads the hub's certificate `count` times under traffic. Rejects only when the stage itself fails. */
export async function soakReloads({ count, lanes, memory, say }: ReloadsPart): Promise<ReloadsFindings> {
  const play = await openPlay({
    cast: { acme: {}, bolt: {}, crow: {} },
    settings: { policy: { reload: '50ms' }, ingress: { reload: '20ms' }, relay: { reload: '20ms' } },
  });
  const began = performance.now();
  const failures: string[] = [];
  try {
    const own = await everyIdentity(play);
    const [acme, bolt, crow] = [play.actor('acme'), play.actor('bolt'), play.actor('crow')];
    const lines = [acme, bolt, crow].map((one) => [one.id, one.line()] as const);
    const traffic = [startTraffic(acme, bolt, lanes), startTraffic(bolt, crow, lanes)];
    const seen = { reloads: 0, connections: 0 };
    let middle = 0;
    for (let number = 1; number <= count; number += 1) {
      const next = own[number % own.length];
      if (next === undefined) throw new Error('there is no certificate');
      if (number % every.broken === 0) await breakOnce(play, next.files);
      if (number % every.trust === 0) await changeTrust(play, number);
      writeFileSync(next.files.certFile, next.cert);
      writeFileSync(next.files.keyFile, next.key);
      const connections = await shownUntil(play, crow, new X509Certificate(next.cert).fingerprint256);
      seen.connections += connections.count;
      if (connections.seen) seen.reloads += 1;
      else failures.push(`reload ${number}: no new handshake saw it`);
      if (number === Math.ceil(count / 2)) middle = memory();
      if (number % Math.max(1, Math.floor(count / 10)) === 0)
        say(`${number} of ${count} reloads, ${traffic[0]?.counts.good ?? 0} messages`);
    }
    for (const one of traffic) await one.stop();
    for (const [id, line] of lines) if (play.actor(id).line() !== line) failures.push(`the line of ${id} broke`);
    for (const { counts } of traffic) failures.push(...counts.failed);
    const counted = (result: string) => play.hub.counted('ingress', 'guildhall_ingress_certificates_total', { result });
    return {
      reloads: seen.reloads,
      refused: await counted('refused'),
      served: await counted('served'),
      notServed: await counted('not-served'),
      messages: traffic.reduce((sum, { counts }) => sum + counts.good, 0),
      connections: seen.connections,
      failures,
      memory: { middle, end: memory() },
      seconds: (performance.now() - began) / 1000,
    };
  } finally {
    await play.close();
  }
}

/** Several certificates of the hub; each was written into the same files, the last one is there. */
async function everyIdentity(play: Play): Promise<{ cert: string; key: string; files: Identity }[]> {
  const made: { cert: string; key: string; files: Identity }[] = [];
  for (let number = 0; number < identities; number += 1) {
    const identity = await hubCertificate(play.authority, play.hub.domain);
    made.push({ cert: identity.cert, key: identity.key, files: identity });
  }
  return made;
}

/** Puts half a certificate there, and waits until an ingress has refused it. */
async function breakOnce(play: Play, files: Identity): Promise<void> {
  const counted = () => play.hub.counted('ingress', 'guildhall_ingress_certificates_total', { result: 'refused' });
  const before = await counted();
  writeFileSync(files.certFile, readFileSync(files.certFile, 'latin1').slice(0, 200));
  for (const end = performance.now() + patience; performance.now() < end && (await counted()) === before; ) await pause(10);
}

/** Another pin and another revocation list: of nobody who is there. */
async function changeTrust(play: Play, number: number): Promise<void> {
  const { community, authority, hub } = play;
  const pin = number.toString(16).padStart(64, '0');
  const members = community.members.map((member) => (member.id === 'bolt' ? { ...member, pins: [pin] } : member));
  hub.rewrite({ ...community, members, crl: [await authority.revoke([number.toString(16).padStart(8, '7')])] });
}

/** Opens connections as a member, each of which must be answered, until one sees this certificate. */
async function shownUntil(play: Play, member: Member, fingerprint: string): Promise<{ seen: boolean; count: number }> {
  let count = 0;
  for (const end = performance.now() + patience; performance.now() < end; ) {
    count += 1;
    if ((await shown(play, member)) === fingerprint) return { seen: true, count };
    await pause(5);
  }
  return { seen: false, count };
}

function shown(play: Play, { identity: { cert, key } }: Member): Promise<string> {
  return new Promise((resolve) => {
    const port = play.hub.ingresses[0]?.port ?? 0;
    const socket = connect({ port, host: '127.0.0.1', servername: play.hub.domain, ca: play.authority.cert, cert, key });
    let seen = '';
    socket.once('secureConnect', () => {
      seen = socket.getPeerCertificate().fingerprint256;
      socket.write('\r\n\r\n');
    });
    // Believed: the keepalive is answered (RFC 5626 4.4.1).
    socket.once('data', () => socket.destroy());
    socket.once('end', () => {
      seen = '';
    });
    socket.on('error', () => {
      seen = '';
    });
    socket.once('close', () => resolve(seen));
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
