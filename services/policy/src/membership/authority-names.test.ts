import { createAuthority } from '@guildhall/chassis/authority/authority';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { Member } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { SetMemberStatusRequest, SetMemberTrustRequest } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bringIn } from './bring-in.js';
import { encodeEntry } from './bucket-entry.js';
import { caller, fileContent, type MembershipStage, openMembershipStage } from './membership.stage.js';

const day = 86_400_000;
const authority = async (name: string) => (await createAuthority(name, Date.now() - day, Date.now() + day)).pem;
const authorityNamed = (length: number, beginning: string) => authority(`${beginning} `.padEnd(length, 'x'));
const by = { who: 'test', when: '', why: '', change: '' };
let stage: MembershipStage;

beforeEach(async () => {
  stage = await openMembershipStage(
    fileContent({
      members: '[{ id: acme, domains: [acme.test] }, { id: bolt, domains: [bolt.test] }, { id: crow, domains: [crow.test] }]',
    }),
  );
});
afterEach(() => stage.close());

const revisionOf = async (id: string) => (await stage.api.getMember({ id }, caller('operator'))).member?.revision ?? 0n;
const trust = async (id: string, ...anchors: string[]) =>
  stage.api.setMemberTrust(SetMemberTrustRequest.fromPartial({ id, anchors, expected: await revisionOf(id) }), caller('member', id));

describe('an authority that a member brings', () => {
  it('does not bear the name of another member’s', async () => {
    await trust('bolt', await authority('Bolt CA'));
    await expect(trust('acme', await authority('BOLT  ca'))).rejects.toThrow(
      'member acme: an authority of member bolt bears the name of this one and is another certificate',
    );
    expect((await stage.api.getMember({ id: 'acme' }, caller('operator'))).member?.member?.anchors).toEqual([]);
  });

  it('does not bear the name of the community’s', async () => {
    const value = { id: '0123456789abcdef', certificate: await authority('Guild CA'), revocationList: '' };
    await stage.bucket.create('authority.0123456789abcdef', encodeEntry({ $case: 'authority', value }, by));
    await expect(trust('acme', await authority('Guild CA'))).rejects.toThrow('an authority of the community bears the name');
  });

  it('may be another’s too, and follow one of its own', async () => {
    const shared = await authority('Hoster CA');
    await trust('bolt', shared);
    await trust('acme', shared);
    const first = await authority('Crow CA');
    await trust('crow', first);
    await trust('crow', first, await authority('Crow CA'));
    expect((await stage.api.getMember({ id: 'crow' }, caller('operator'))).member?.member?.anchors).toHaveLength(2);
  });

  it('has a name of a bounded length', async () => {
    await expect(trust('acme', await authorityNamed(1100, 'x'))).rejects.toThrow(
      'member acme: the name of an authority is longer than 1024 bytes',
    );
  });

  it('finds room in the list of names that every handshake carries', async () => {
    const members = Array.from({ length: 70 }, (_, at) => `{ id: m${at}, domains: [m${at}.test] }`);
    const content = fileContent({ members: `[${members.join(', ')}]` });
    for (const body of content.entries.values()) {
      if (body.$case === 'member') body.value.anchors = [await authorityNamed(900, body.value.id)];
    }
    const bucket = await memoryBus().keyValue('membership', { history: 1 });
    const at = { when: '2026-01-01T00:00:00.000Z', change: 'first' };
    await expect(bringIn(bucket, content, at)).resolves.toEqual({
      result: 'contradicts',
      problems: [expect.stringMatching(/^the names of all 70 authorities take 6\d{4} bytes, and a TLS handshake has room for 60000: /)],
    });
  });

  it('that is there already keeps nobody from suspending it', async () => {
    await trust('bolt', await authority('Bolt CA'));
    const value = Member.fromPartial({
      id: 'dora',
      domains: ['dora.test'],
      role: 'member',
      status: 'active',
      anchors: [await authority('Bolt CA')],
    });
    await stage.bucket.create('member.dora', encodeEntry({ $case: 'member', value }, by));
    await stage.api.setMemberStatus(SetMemberStatusRequest.fromPartial({ id: 'dora', status: 'suspended' }), caller('operator'));
    expect((await stage.api.getMember({ id: 'dora' }, caller('operator'))).member?.member?.status).toBe('suspended');
  });
});
