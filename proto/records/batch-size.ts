import { createWireReader } from './wire-reader.js';

/** Field of RecordBatch that has eight bytes for every record. */
const traceField = 63;
const traceBytes = 8;

/** How many records a RecordBatch holds, without decoding it; 0 for what is none. Reads its field tags only. */
export function batchSize(payload: Uint8Array): number {
  const wire = createWireReader();
  wire.begin(payload);
  let bytes = 0;
  while (!wire.done()) {
    const tag = wire.varint();
    const isTrace = Math.floor(tag / 8) === traceField;
    switch (tag & 7) {
      case 0:
        wire.varint();
        break;
      case 1:
        wire.skip(8);
        if (isTrace) bytes += traceBytes;
        break;
      case 2: {
        const from = wire.skipBytes();
        if (isTrace) bytes += wire.position() - from;
        break;
      }
      case 5:
        wire.skip(4);
        break;
      default:
        return 0;
    }
  }
  return wire.failed() ? 0 : Math.floor(bytes / traceBytes);
}
