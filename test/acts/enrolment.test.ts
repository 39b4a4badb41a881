import { readFileSync, writeFileSync } from 'node:fs';
import { serialNumberOf } from '@guildhall/chassis/authority/serial-number';
import { parseAnchors, spkiSha256 } from '@guildhall/chassis/certificate';
import { issueIdentity, makeAuthority } from '@guildhall/cli/trust/authority-files';
import { afterAll, describe, expect, it } from 'vitest';
import type { Identity } from '../stage/certificates.js';
import { runGuildhall } from '../stage/command.js';
import { exchange } from '../stage/exchange.js';
import { openFolder } from '../stage/folder.js';
import { type Member, startMember } from '../stage/member.js';
import { perform } from '../stage/performance.js';
import { freePort } from '../stage/port.js';

/** For what comes by itself, on a slow machine too. */
const soon = { timeout: 30_000 };

const folder = openFolder('enrolment');
const ca = folder.file('ca');
const now = Date.now();
const made = await makeAuthority(ca, { name: 'Steel Guild CA', days: 3650, crlDays: 7, now });
const hub = await issueIdentity(ca, { domains: ['hub.example'], hosts: [] }, { days: 90, now });
const certificate = { cert: folder.file('door.crt'), key: folder.file('door.key') };
writeFileSync(certificate.cert, hub.chain);
writeFileSync(certificate.key, hub.key, { mode: 0o600 });
const port = await freePort();
const url = `https://127.0.0.1:${port}`;

/** Plays a member that has what `guildhall join` wrote. */
function joinedIdentity(name: string): Identity {
  const files = { certFile: folder.file(`${name}/certificate.crt`), keyFile: folder.file(`${name}/certificate.key`) };
  const cert = readFileSync(files.certFile, 'latin1');
  const [leaf] = parseAnchors([cert]);
  return {
    cert,
    key: readFileSync(files.keyFile, 'latin1'),
    ...files,
    pin: leaf === undefined ? '' : spkiSha256(leaf),
    serial: leaf === undefined ? '' : serialNumberOf(leaf),
  };
}

describe('a member enrols with the hub’s own authority', () => {
  const stage = perform({
    cast: { acme: {}, bolt: {}, cato: { offstage: true } },
    settings: { policy: { authority: { folder: ca, check: '50ms' }, enrolment: { port, certificate, url } } },
  });
  const players: Member[] = [];
  afterAll(async () => {
    for (const player of players) await player.close();
    folder.close();
  });

  const guildhall = (...args: string[]) => runGuildhall(folder.path, ...args);
  /** A verb of the operator's. */
  const operator = (...args: string[]) => {
    writeFileSync(folder.file('operator.token'), stage.hub().operatorToken(), { mode: 0o600 });
    writeFileSync(folder.file('hub-ca.crt'), stage.hub().authority.cert);
    const [grpc = ''] = stage.hub().policies.map(({ addresses }) => addresses['grpc']);
    const access = [
      '--hub',
      grpc,
      '--ca',
      folder.file('hub-ca.crt'),
      '--hub-name',
      'hub.example',
      '--token-file',
      folder.file('operator.token'),
    ];
    return guildhall(...args, ...access);
  };
  const join = (name: string, ...args: string[]) => guildhall('join', '--hub', url, '--hub-name', 'hub.example', '--out', name, ...args);
  const player = async (name: string): Promise<Member> => {
    const identity = joinedIdentity(name);
    const { authority } = stage.play();
    const member = await startMember({
      id: 'cato',
      domain: 'cato.example',
      identity,
      door: identity,
      authority,
      hubName: 'hub.example',
      dialsOnly: true,
    });
    players.push(member);
    await member.dial(stage.hub().ingresses[0]?.port ?? 0);
    return member;
  };

  it('once it is invited: only with the token, only as itself, only at the right hub, and only once', async () => {
    const invited = await operator('member', 'invite', 'cato', '--out', folder.file('cato.token'), '--json');
    expect([invited.code, invited.talk]).toEqual([0, expect.any(String)]);
    const token = readFileSync(folder.file('cato.token'), 'latin1').trim();
    expect(token.endsWith(`_${made.sha256}`)).toBe(true);

    writeFileSync(folder.file('other.token'), token.replace(/[0-9a-f]{64}$/, '0'.repeat(64)));
    expect(await join('cato', '--token-file', 'other.token')).toMatchObject({
      code: 1,
      talk: expect.stringContaining('is not the one the token is from'),
    });
    expect(await join('cato', '--token-file', 'cato.token', '--domain', 'acme.example')).toMatchObject({
      code: 1,
      talk: expect.stringMatching(/"acme.example", which member cato may not have: it belongs to another member/),
    });
    expect(await guildhall('join', '--hub', url, '--out', 'cato', '--token-file', 'cato.token')).toMatchObject({
      code: 1,
      talk: expect.stringMatching(/not for 127\.0\.0\.1|--hub-name/),
    });
    expect(await join('cato', '--token', 'secret')).toMatchObject({ code: 2, talk: expect.not.stringContaining('secret') });

    const joined = await join('cato', '--token-file', 'cato.token', '--domain', 'cato.example', '--json');
    expect([joined.code, JSON.parse(joined.out)]).toMatchObject([0, { ok: true, names: ['cato.example'] }]);
    expect(await join('cato', '--token-file', 'cato.token')).toMatchObject({ code: 1, talk: expect.stringContaining('already') });
    expect(await join('twice', '--token-file', 'cato.token')).toMatchObject({ code: 1, talk: expect.stringMatching(/used/) });

    const cato = await player('cato');
    await exchange(cato, stage.actor('acme'));
    await exchange(stage.actor('bolt'), cato);
  });

  it('renews when it is due, and both certificates are good until one is revoked', async () => {
    const renew = (...args: string[]) => guildhall('renew', '--folder', 'cato', ...args);
    const before = readFileSync(folder.file('cato/certificate.crt'), 'latin1');
    expect(await renew('--within', '30d')).toMatchObject({ code: 0, out: expect.stringContaining('not due') });
    const [old] = players;
    expect(await renew('--new-key', '--json')).toMatchObject({ code: 0, out: expect.stringContaining('"renewed":true') });
    expect(readFileSync(folder.file('cato/certificate.crt'), 'latin1')).not.toBe(before);
    const renewed = await player('cato');
    await exchange(renewed, stage.actor('acme'));

    const [leaf] = parseAnchors([before]);
    const ended = old?.line().over;
    expect(await operator('certificate', 'revoke', leaf?.serialNumber ?? '', '--reason', 'superseded', '--why', 'renewed')).toMatchObject({
      code: 0,
    });
    await ended;
    await exchange(renewed, stage.actor('acme'));
    const listed = await operator('certificate', 'list', '--member', 'cato', '--json');
    expect(listed.out).toContain('cato.example');
    await stage
      .hub()
      .counted('policy', 'guildhall_policy_certificates_revoked_total')
      .then((count) => expect(count).toBe(1));
  });

  it('is refused with a revoked certificate, at the hub’s door and when it renews', async () => {
    expect(await operator('certificate', 'revoke', '--member', 'cato', '--why', 'left')).toMatchObject({ code: 0 });
    expect(await guildhall('renew', '--folder', 'cato')).toMatchObject({
      code: 1,
      talk: expect.stringContaining('the certificate in use'),
    });
    const count = () => stage.hub().counted('ingress', 'guildhall_ingress_connections_closed_total', { reason: 'revoked' });
    const before = await count();
    await expect
      .poll(async () => {
        await player('cato').then(
          (member) => member.line().over,
          () => undefined,
        );
        return count();
      }, soon)
      .toBeGreaterThan(before);
  });
});
