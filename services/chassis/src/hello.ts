import { Hello } from '@guildhall/proto/gen/guildhall/bus/v1/hello';

const idShape = /^[A-Za-z0-9_-]{1,64}$/;

/** What hears as many as are told apart has a sixth of this: what is longer is not even read. */
const mostBytes = 32 * 1024;

/** A hello off the bus; undefined where it cannot be read, is too long, or names no incarnation of an instance. */
export function readHello(payload: Uint8Array): Hello | undefined {
  if (payload.length > mostBytes) return undefined;
  try {
    const hello = Hello.decode(payload);
    return idShape.test(hello.id) && idShape.test(hello.epoch) ? hello : undefined;
  } catch {
    return undefined;
  }
}
