import type { Job } from '@guildhall/chassis/turn';
import { Presence } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { describe, expect, it } from 'vitest';
import { createPresence } from './presence.js';

describe('presence', () => {
  it('tells changes once a turn, everything when asked, and only of members that cannot be dialled', () => {
    const jobs: Job[] = [];
    const sent: { subject: string; payload: Uint8Array }[] = [];
    const turn = { later: (job: Job) => void jobs.push(job) };
    const publish = (subject: string, payload: Uint8Array) => void sent.push({ subject, payload });
    const here = new Set<string>();
    const presence = createPresence({
      id: 'i',
      epoch: 'e',
      turn,
      publish,
      present: (id) => here.has(id),
      connected: () => ['acme', ...here],
    });
    const told = () => {
      for (const job of jobs.splice(0)) job.run();
      return sent.splice(0).map(({ subject, payload }) => {
        const { full, connected, left } = Presence.decode(payload);
        return [subject, full, connected, left];
      });
    };
    presence.touch('acme');
    expect(told()).toEqual([]);
    here.add('edge');
    presence.touch('edge');
    presence.touch('edge');
    expect(told()).toEqual([['gh.v1.present', false, ['edge'], []]]);
    presence.touch('edge');
    expect(told()).toEqual([]);
    presence.lost('edge');
    expect(told()).toEqual([['gh.v1.present', false, ['edge'], []]]);
    presence.touch('edge');
    expect(told()).toEqual([]);
    presence.announce();
    expect(told()).toEqual([['gh.v1.present', true, ['edge'], []]]);
    here.clear();
    presence.touch('edge');
    presence.touch('acme');
    expect(told()).toEqual([['gh.v1.present', false, [], ['edge']]]);
  });
});
