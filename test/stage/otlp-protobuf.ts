/** A message of protocol buffers as it stands on the wire: what each field holds, in order. */
type Fields = ReadonlyMap<number, readonly (bigint | Buffer)[]>;

/**
 * The body of an OTLP request for traces, protocol buffers, as its JSON would be parsed (OTLP/JSON: ids in hex, 64-bit numbers as decimal text). Throws for
 * what is no such message. Fields by their numbers in opentelemetry/proto/trace/v1.
 */
export function readTraceRequest(body: Buffer): unknown {
  return {
    resourceSpans: each(fieldsOf(body), 1, (resource) => ({
      resource: { attributes: each(message(resource, 1), 1, pairOf) },
      scopeSpans: each(resource, 2, (scope) => ({
        scope: { name: text(message(scope, 1), 1), version: text(message(scope, 1), 2) },
        spans: each(scope, 2, spanOf),
      })),
    })),
  };
}

function spanOf(span: Fields): unknown {
  const status = message(span, 15);
  return {
    traceId: bytes(span, 1).toString('hex'),
    spanId: bytes(span, 2).toString('hex'),
    parentSpanId: bytes(span, 4).toString('hex'),
    name: text(span, 5),
    kind: Number(whole(span, 6)),
    startTimeUnixNano: String(whole(span, 7)),
    endTimeUnixNano: String(whole(span, 8)),
    attributes: each(span, 9, pairOf),
    status: { message: text(status, 2), code: Number(whole(status, 3)) },
    flags: Number(whole(span, 16)),
  };
}

function pairOf(pair: Fields): unknown {
  const value = message(pair, 2);
  const told = value.has(1)
    ? { stringValue: text(value, 1) }
    : value.has(3)
      ? { intValue: String(whole(value, 3)) }
      : { doubleValue: double(whole(value, 4)) };
  return { key: text(pair, 1), value: told };
}

function fieldsOf(body: Buffer): Fields {
  const found = new Map<number, (bigint | Buffer)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const byte = body.readUInt8(at);
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Error('a number has no end');
  };
  const slice = (length: number): Buffer => {
    if (at + length > body.length) throw new Error('a field ends behind its message');
    at += length;
    return body.subarray(at - length, at);
  };
  const value = (type: number): bigint | Buffer => {
    if (type === 0) return varint();
    if (type === 1) return slice(8).readBigUInt64LE();
    if (type === 2) return slice(Number(varint()));
    if (type === 5) return BigInt(slice(4).readUInt32LE());
    throw new Error(`no field is of wire type ${type}`);
  };
  while (at < body.length) {
    const tag = Number(varint());
    const field = tag >>> 3;
    const given = value(tag & 7);
    const known = found.get(field);
    if (known === undefined) found.set(field, [given]);
    else known.push(given);
  }
  return found;
}

function each(fields: Fields, field: number, read: (one: Fields) => unknown): unknown[] {
  return (fields.get(field) ?? []).map((one) => read(fieldsOf(Buffer.isBuffer(one) ? one : Buffer.alloc(0))));
}

function message(fields: Fields, field: number): Fields {
  return fieldsOf(bytes(fields, field));
}

function bytes(fields: Fields, field: number): Buffer {
  const last = fields.get(field)?.at(-1);
  return Buffer.isBuffer(last) ? last : Buffer.alloc(0);
}

function text(fields: Fields, field: number): string {
  return bytes(fields, field).toString('utf8');
}

function whole(fields: Fields, field: number): bigint {
  const last = fields.get(field)?.at(-1);
  return typeof last === 'bigint' ? last : 0n;
}

function double(bits: bigint): number {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(bits);
  return bytes.readDoubleLE();
}
