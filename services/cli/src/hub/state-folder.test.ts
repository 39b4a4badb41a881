import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimState, noteRunning, openState, refuseSecondHub, runningHub, sampleState, usualState } from './state-folder.js';

const note = {
  listeners: [{ name: 'members', address: '127.0.0.1:5061' }],
  grpc: '127.0.0.1:1',
  api: { ca: '/ca.pem', name: 'hub.example', tokenFile: '/operator.token' },
  enrolment: '',
  community: '/c.yaml',
  domain: 'hub.example',
};

describe('a state folder', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'guildhall-state-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is refused where a file stands in its way, with the cure', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => openState('file/state', folder)).toThrow(/cannot be used: a part of its path is no folder/);
  });

  it('is refused where no folder can be made', () => {
    expect(() => openState('/proc/guildhall/state', folder)).toThrow(/cannot be used: /);
  });

  it('is refused while another hub uses it', () => {
    const state = openState('state', folder);
    const takeBack = noteRunning(state, note);
    expect(() => refuseSecondHub(state)).toThrow(`(process ${process.pid})`);
    takeBack();
    expect(() => refuseSecondHub(state)).not.toThrow();
  });

  it('is refused to a second community, and stays free while no hub of the first has run', () => {
    const state = openState('state', folder);
    const claim = claimState(state, 'steel-guild');
    expect(() => claimState(state, 'tin-guild')).not.toThrow();
    claim();
    expect(() => claimState(state, 'tin-guild')).toThrow('holds the community steel-guild, and this file is of tin-guild');
    expect(() => claimState(state, 'steel-guild')).not.toThrow();
  });

  it('keeps the membership of the sample apart', () => {
    const state = openState('state', folder);
    expect(sampleState(state)).toEqual({ ...state, nats: join(state.sample, 'nats') });
    expect(existsSync(state.sample)).toBe(false);
  });

  it.each([
    ['a process that is gone', { ...note, pid: 2 ** 22 + 1, born: '' }],
    ['a later process of the same pid', { ...note, pid: process.pid, born: '1' }],
    ['a note of another shape', { pid: process.pid }],
  ])('takes %s for no running hub', (_what, found) => {
    const state = openState('state', folder);
    writeFileSync(join(state.path, 'running.json'), JSON.stringify(found));
    expect(runningHub(state)).toBeUndefined();
  });

  it('closes itself to others, also where it was open', () => {
    mkdirSync(join(folder, 'state'), { mode: 0o755 });
    const state = openState('state', folder);
    expect(statSync(state.path).mode & 0o777).toBe(0o700);
  });

  it('is by default where XDG says', () => {
    expect(usualState({ XDG_STATE_HOME: '/s', HOME: '/h' })).toBe('/s/guildhall');
    expect(usualState({ HOME: '/h' })).toBe('/h/.local/state/guildhall');
  });
});
