import type { Bus } from './bus.js';
import { Fault } from './fault.js';

/** Bytes of a publish besides the message in it. */
const envelope = 4_096;

/** A message must fit into a publish. Throws a Fault where the longest that this setting allows does not. */
export function checkMessageSize(bus: Pick<Bus, 'maxPayload'>, setting: string, bytes: number): void {
  const most = bus.maxPayload - envelope;
  if (bytes <= most) return;
  throw new Fault('config', `${setting} is ${bytes}, and NATS takes payloads of ${bus.maxPayload} bytes at most`, {
    cure: `set ${setting} to ${most} or less, or raise max_payload of nats-server`,
    exitCode: 2,
  });
}
