/**
 * A walk over protobuf's wire format. Nothing is copied and nothing thrown: what breaks the format makes `failed` true, and the walk is done.
 */
export interface WireReader {
  begin(payload: Uint8Array): void;
  done(): boolean;
  failed(): boolean;
  fail(): void;
  position(): number;
  /** A number; above 2^53 not exact. */
  varint(): number;
  skip(bytes: number): void;
  /** Passes over a length and so many bytes; answers where these begin, `position` is their end. */
  skipBytes(): number;
}

/** A walk that can be used again and again. */
export function createWireReader(): WireReader {
  let bytes: Uint8Array = new Uint8Array();
  let at = 0;
  let broken = false;

  const fail = (): void => {
    broken = true;
    at = bytes.length;
  };
  const skip = (count: number): void => {
    if (count > bytes.length - at) fail();
    else at += count;
  };
  const varint = (): number => {
    let value = 0;
    let unit = 1;
    for (let read = 0; read < 10; read += 1) {
      if (at >= bytes.length) break;
      const byte = bytes[at] ?? 0;
      at += 1;
      value += (byte & 127) * unit;
      if (byte < 128) return value;
      unit *= 128;
    }
    fail();
    return 0;
  };

  return {
    begin(payload) {
      bytes = payload;
      at = 0;
      broken = false;
    },
    done: () => at >= bytes.length,
    failed: () => broken,
    fail,
    position: () => at,
    varint,
    skip,
    skipBytes() {
      const length = varint();
      const from = at;
      skip(length);
      return from;
    },
  };
}
