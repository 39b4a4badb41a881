import { parseMessage } from '@guildhall/proto/sip/message';
import { describe, expect, it } from 'vitest';
import { createMembers, type Member } from './members.js';
import { trustMember } from './neighbours.stage.js';
import { sip } from './sip.stage.js';
import { trustTable } from './trust.js';
import { createWatchList, overRate } from './watch-list.js';

const limits = { messageBytes: 65_536, headers: 128, headerLineBytes: 8_192, startLineBytes: 4_096 };
const bounds = { requestsPerSecond: 4, contacts: 2, suspectRequestsPerSecond: 1 };
const request = (uri: string, to = `<${uri}>`) => parseMessage(Buffer.from(sip({ uri, to }), 'latin1'), limits);

describe('requests that are too many', () => {
  it('of any member: the hub’s own limit', () => {
    const member = createMembers(1).of('acme');
    expect(overRate(member, request('sip:a@x.test'), 1, 0)).toBe('');
    expect(overRate(member, request('sip:a@x.test'), 1, 0)).toBe('rate-limit');
  });

  it('of a discovered partner: however the same user is written, it is one', () => {
    const member = createMembers(100, () => ({ ...bounds, requestsPerSecond: 100 })).of('met');
    for (const uri of ['sip:a@x.test', 'SIPS:A@X.test', 'sip:a@x.test;transport=tls', 'sip:a@x.test?subject=1', 'sip:b@x.test']) {
      expect(overRate(member, request(uri), 100, 0), uri).toBe('');
    }
    expect(overRate(member, request('sip:c@x.test'), 100, 0)).toBe('partner-contacts');
    // A server, and somebody in a dialog, are no further users.
    expect(overRate(member, request('sip:x.test'), 100, 0)).toBe('');
    expect(overRate(member, request('sip:c@10.0.0.1', '<sip:c@x.test>;tag=1'), 100, 0)).toBe('');
  });
});

describe('the watch list', () => {
  const told = () => {
    const notes: string[] = [];
    const tell = (member: Member, note: string) => notes.push(`${member.id} ${note}`);
    const roster = { freshIds: () => ['ingress-1', 'ingress-2'] };
    return { notes, desk: { id: 'ingress-1', bus: { publish: () => undefined }, roster, noted: tell } };
  };
  const table = (...members: Parameters<typeof trustMember>[]) =>
    trustTable(
      { version: 1n, anchors: [], members: members.map((one) => trustMember(...one)) },
      () => [],
      () => undefined,
    );

  it('begins, follows and ends with the membership', () => {
    const members = createMembers(100);
    const list = createWatchList(members, told().desk);
    const member = members.of('met');
    list.review(table(['met', { bounds }]));
    expect(member.conduct?.bounds).toEqual(bounds);
    const before = member.conduct;
    list.review(table(['met', { bounds: { ...bounds, contacts: 9 } }]));
    expect(member.conduct).toBe(before);
    expect(member.conduct?.bounds.contacts).toBe(9);
    list.review(table(['met']));
    expect(member.conduct).toBeUndefined();
  });

  it('tells of an excess at once, of the next of its kind after a while, and of suspicion when it begins and ends', () => {
    const { notes, desk } = told();
    const members = createMembers(100, () => bounds);
    const list = createWatchList(members, desk);
    const member = members.of('met');
    const { conduct } = member;
    if (conduct === undefined) throw new Error('it has no bounds');
    list.tend(0);
    expect(notes).toEqual([]);
    expect(conduct.share).toBe(0.5);
    conduct.overRate = 1;
    list.tend(1_000);
    conduct.overRate = 5;
    conduct.suspect = true;
    list.tend(2_000);
    list.tend(3_000);
    expect(notes.splice(0)).toEqual(['met over-rate', 'met suspect']);
    list.tend(60_000);
    conduct.suspect = false;
    conduct.overContacts = 1;
    list.tend(61_000);
    list.tend(200_000);
    expect(notes).toEqual(['met over-rate', 'met good-again', 'met over-contacts']);
  });
});
