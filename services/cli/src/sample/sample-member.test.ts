import { Header } from '@guildhall/proto/sip/header-name';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSampleAuthority, type SampleAuthority } from './sample-authority.js';
import { dialogRequest, fieldOf } from './sample-dialog.js';
import { type SampleMember, type SampleMemberOptions, startSampleMember } from './sample-member.js';

let authority: SampleAuthority;
const open: SampleMember[] = [];

beforeAll(async () => {
  authority = await createSampleAuthority('ca', new Date());
});
afterEach(async () => {
  for (const member of open.splice(0)) await member.close();
});

/** A member whose hub is whoever listens at `hubPort` under the name of bolt. */
async function member(id: string, hubPort: number, more: Partial<SampleMemberOptions> = {}): Promise<SampleMember> {
  const domain = `${id}.example`;
  const identity = await authority.issue({ commonName: id, domains: [domain] });
  const started = await startSampleMember({
    id,
    domain,
    ...identity,
    ca: authority.certificate,
    listen: { host: '127.0.0.1', port: 0 },
    hub: { host: '127.0.0.1', port: hubPort, name: 'bolt.example' },
    ...more,
  });
  open.push(started);
  return started;
}

/** acme talks to bolt directly: bolt's proxy port is acme's hub, and bolt answers over that same connection. */
async function pair(more: Partial<SampleMemberOptions> = {}): Promise<{ acme: SampleMember; bolt: SampleMember }> {
  const bolt = await member('bolt', 1, more);
  return { acme: await member('acme', bolt.port), bolt };
}

describe('a sample member', () => {
  it('fails an exchange when nobody listens', async () => {
    const acme = await member('acme', 1);
    const { final, failure } = await acme.send({ method: 'MESSAGE', uri: 'sip:bolt@bolt.example' });
    expect([final, failure]).toEqual([undefined, expect.stringContaining('ECONNREFUSED')]);
  });

  it('does not talk to a hub of another name', async () => {
    const { bolt } = await pair();
    const acme = await member('acme', bolt.port, { hub: { host: '127.0.0.1', port: bolt.port, name: 'hub.example' } });
    await expect(acme.dial()).rejects.toThrow(/hub\.example/);
  });

  it('gives up after the time given', async () => {
    const { acme } = await pair();
    const { final, failure } = await acme.send({ method: 'MESSAGE', uri: 'sip:silent@bolt.example', wait: 50 });
    expect([final, failure]).toEqual([undefined, 'no final response within 50 ms']);
  });

  it('fails what is under way when the connection is lost', async () => {
    const { acme, bolt } = await pair();
    const going = await acme.begin({ method: 'MESSAGE', uri: 'sip:silent@bolt.example' });
    await bolt.sight(({ message }) => message.method === 'MESSAGE');
    await bolt.close();
    expect((await going.done).failure).toMatch(/closed/);
  });

  it.each([
    ['MESSAGE', 'anyone', [200]],
    ['OPTIONS', 'anyone', [200]],
    ['WHATEVER', 'anyone', [200]],
    ['MESSAGE', 'busy', [486]],
    ['MESSAGE', 'nobody', [404]],
    ['MESSAGE', 'overloaded', [503]],
    ['INVITE', 'anyone', [180, 200]],
  ])('answers %s to %s with %j', async (method, user, statuses) => {
    const { acme } = await pair();
    const { responses } = await acme.send({ method, uri: `sip:${user}@bolt.example` });
    expect(responses.map(({ status }) => status)).toEqual(statuses);
  });

  it('acknowledges what is no 2xx by itself', async () => {
    const { acme, bolt } = await pair();
    const { final } = await acme.send({ method: 'INVITE', uri: 'sip:busy@bolt.example' });
    const ack = await bolt.sight(({ message }) => message.method === 'ACK');
    expect([final?.status, fieldOf(ack.message, Header.cseq)]).toEqual([486, '1 ACK']);
  });

  it('cancels a call that rings', async () => {
    const { acme } = await pair();
    const call = await acme.begin({ method: 'INVITE', uri: 'sip:ring@bolt.example' });
    await acme.sight(({ message }) => message.status === 180);
    const cancelled = await call.cancel();
    expect([cancelled.final?.status, (await call.done).final?.status]).toEqual([200, 487]);
  });

  it('answers a CANCEL of nothing with 481', async () => {
    const { acme } = await pair();
    const { final } = await acme.send({ method: 'CANCEL', uri: 'sip:ring@bolt.example' });
    expect(final?.status).toBe(481);
  });

  it('calls: 200, ACK and BYE in one dialog', async () => {
    const { acme, bolt } = await pair();
    const dialog = await acme.acknowledge(await acme.send({ method: 'INVITE', uri: 'sip:ada@bolt.example' }));
    const ack = await bolt.sight(({ message }) => message.method === 'ACK');
    const bye = await acme.send(dialogRequest(dialog, 'BYE'));
    expect([fieldOf(ack.message, Header.cseq), fieldOf(bye.request, Header.cseq), bye.final?.status]).toEqual(['1 ACK', '2 BYE', 200]);
    expect(fieldOf(ack.message, Header.to)).toBe(fieldOf(bye.request, Header.to));
  });

  it('lets its answers be replaced, and sends what it is told to the byte', async () => {
    const { acme, bolt } = await pair({
      answer: (arrival) => {
        arrival.reply(299, { phrase: 'Quite so', headers: ['X-Body: here'], body: 'text' });
        return true;
      },
    });
    const text =
      'MESSAGE sip:b@bolt.example SIP/2.0\r\nv: SIP/2.0/TLS x;branch=z9hG4bK1\r\nf: <sip:a@a>;tag=1\r\nt: <sip:b@b>\r\ni: 1\r\nCSeq: 1 MESSAGE\r\nX: \u00e9\r\nl: 2\r\n\r\n\u00ff\u0000';
    const { final } = await acme.sendText(text);
    const arrived = await bolt.sight(({ direction }) => direction === 'in');
    expect(arrived.message.buffer.subarray(arrived.message.start, arrived.message.end).toString('latin1')).toBe(text);
    expect(final?.head.split('\r\n')[0]).toBe('SIP/2.0 299 Quite so');
    expect(final?.buffer.subarray(final.start + final.head.length, final.end).toString()).toBe('text');
  });
});
