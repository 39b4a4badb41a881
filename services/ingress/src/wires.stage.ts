import { WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';

/** A batch of relay-1 for one wire, that of its link l1 to bolt, but for what a test says otherwise. */
export function wireBatch(more: Partial<WireBatch>): Uint8Array {
  return WireBatch.encode(
    WireBatch.fromPartial({
      service: 'relay',
      id: 'relay-1',
      epoch: 'e',
      wires: ['l1'],
      members: ['bolt'],
      sources: ['192.0.2.7:5061'],
      ...more,
    }),
  ).finish();
}

/** The same with this one message. */
export function wireBatchOf(text: string, more: Partial<WireBatch> = {}): Uint8Array {
  return wireBatch({ wireIndex: [0], length: [text.length], wire: Buffer.from(text, 'latin1'), ...more });
}
