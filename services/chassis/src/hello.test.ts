import { Hello } from '@guildhall/proto/gen/guildhall/bus/v1/hello';
import { describe, expect, it } from 'vitest';
import { newEpoch } from './epoch.js';
import { mostInstances } from './hearing.js';
import { readHello } from './hello.js';

const said = (changes: Partial<Hello>) =>
  readHello(Hello.encode(Hello.fromPartial({ id: 'relay-1', epoch: newEpoch(), ...changes })).finish());

describe('a hello off the bus', () => {
  it.each([
    ['without an id', { id: '' }],
    ['with an id that is no token', { id: 'relay.1' }],
    ['with an id that is too long', { id: 'r'.repeat(65) }],
    ['without an incarnation', { epoch: '' }],
    ['with an incarnation that is too long', { epoch: 'e'.repeat(65) }],
    ['with an incarnation that is no token', { epoch: 'a b' }],
    ['that hears more than anybody can', { hears: new Array<number>(40_000).fill(1) }],
  ])('%s means nothing', (_, changes) => {
    expect(said(changes)).toBeUndefined();
  });

  it('that cannot be decoded means nothing', () => {
    expect(readHello(Uint8Array.of(0xff, 0xff, 0xff))).toBeUndefined();
  });

  it('may hear as many as are told apart', () => {
    const hears = Array.from({ length: mostInstances }, (_, index) => 0xffff_ffff - index);
    expect(said({ hears })?.hears).toEqual(hears);
  });
});
