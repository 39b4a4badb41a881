import { Hello } from '@guildhall/proto/gen/guildhall/bus/v1/hello';

const idShape = /^[A-Za-z0-9_-]{1,64}$/;

/** A hello off the bus; undefined where it cannot be read or names no incarnation of an instance. */
export function readHello(payload: Uint8Array): Hello | undefined {
  try {
    const hello = Hello.decode(payload);
    return idShape.test(hello.id) && hello.epoch !== '' ? hello : undefined;
  } catch {
    return undefined;
  }
}
