import { type ServiceError, status } from '@grpc/grpc-js';
import { type ExitCode, Fault } from '@guildhall/chassis/fault';
import { terminalText } from '../world.js';

/** How one kind of refusal is told: its code for machines, the exit code, and the cure where the hub gave none. */
interface Told {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly cure: string;
}

const refusals: ReadonlyMap<number, Told> = new Map([
  [status.INVALID_ARGUMENT, { code: 'invalid', exitCode: 2, cure: 'correct that; the list and show of the noun tell what there is' }],
  [status.NOT_FOUND, { code: 'not-found', exitCode: 2, cure: 'look at what there is with the verb list of the same noun' }],
  [status.ALREADY_EXISTS, { code: 'exists', exitCode: 1, cure: 'change what is there with the verb set, or choose another id' }],
  [status.ABORTED, { code: 'conflict', exitCode: 1, cure: 'look at what is there, and repeat the command if it is still right' }],
  [status.FAILED_PRECONDITION, { code: 'precondition', exitCode: 1, cure: 'look at what there is with the list or show of the same noun' }],
  [status.PERMISSION_DENIED, { code: 'denied', exitCode: 1, cure: 'guildhall whoami tells as whom you are known; ask an operator' }],
  [
    status.UNAUTHENTICATED,
    { code: 'not-known', exitCode: 1, cure: 'give a token with --token-file or GUILDHALL_TOKEN, or --certificate and --key' },
  ],
  [status.RESOURCE_EXHAUSTED, { code: 'limit', exitCode: 1, cure: 'wait a moment and repeat the command' }],
  [
    status.UNIMPLEMENTED,
    {
      code: 'unknown-call',
      exitCode: 1,
      cure: 'check that this is the right port (5070 for changes and questions, 5071 for traffic); else use the guildhall of the hub’s version',
    },
  ],
]);

/** How the API that refuses is named to people, and the service whose log tells more. */
export interface RefusingDoor {
  readonly name: string;
  readonly service: string;
}

/** Where operators and members change and ask. */
export const hubDoor: RefusingDoor = { name: "the hub's API", service: 'policy' };
/** Where traffic is watched. */
export const metricsDoor: RefusingDoor = { name: "the hub's metrics API", service: 'console' };

const longest = 4000;

/** Texts of the hub hold what members wrote: line by line, safe for a terminal. */
function safe(text: string): string {
  return text
    .slice(0, longest)
    .split('\n')
    .map((line) => terminalText(line, longest))
    .join('\n');
}

/** The hub tells cause and cure in one text; the cure follows the word "Cure:". */
function causeAndCure(text: string): { cause: string; cure: string } {
  const at = text.lastIndexOf(' Cure: ');
  return at < 0 ? { cause: text, cure: '' } : { cause: text.slice(0, at), cure: text.slice(at + ' Cure: '.length) };
}

/** What is told of a connection that did not come about: OpenSSL's and the library's words are not for people. */
interface Trouble {
  readonly fits: RegExp;
  readonly why?: string;
  readonly cure: (door: RefusingDoor) => string;
}

const rightPort = ({ name }: RefusingDoor) =>
  `check that this is the port of ${name}: 5071 for traffic, 5070 for everything else unless up was told otherwise (5072 is for browsers)`;

const troubles: readonly Trouble[] = [
  {
    fits: /name resolution failed/i,
    why: 'DNS knows no address of that name, or does not answer',
    cure: () => 'check the name; where it stands only in the certificate, give the address here and the name with --hub-name',
  },
  {
    fits: /wrong version number|packet length too long|http request/i,
    why: 'what answers there does not speak TLS',
    cure: (door) => `${rightPort(door)}; without TLS there it takes --plain`,
  },
  {
    fits: /no application protocol/i,
    why: 'what answers there speaks TLS, but is no API of a hub for terminals',
    cure: rightPort,
  },
  {
    fits: /ECONNRESET|socket hang up|disconnected before secure TLS/i,
    why: 'what answers there hung up during the TLS handshake',
    cure: (door) => `${rightPort(door)}; without TLS there it takes --plain`,
  },
  {
    fits: /Protocol error|Failed to connect/,
    why: 'what answers there does not speak gRPC',
    cure: (door) => `${rightPort(door)}; with TLS there leave --plain away`,
  },
  {
    fits: /self.signed|unable to (verify|get)|certificate/i,
    cure: () => 'give the authority that signed its certificate with --ca, and the name in it with --hub-name',
  },
];

/** The reason alone of "801C...:error:0A000460:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:../deps/...". */
const openSslReason = /^[0-9A-F]*:?error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/i;

/** The Fault for a connection that did not come about. `details` as gRPC tells it, or our own words. */
export function unreachable(details: string, address: string, door = hubDoor): Fault {
  const last = /Last error: (?:Error(?: \[\w+\])?: )?([^\n]*)/.exec(details)?.[1]?.replace(/\.? Resolution note:.*$/, '') ?? details;
  const trouble = troubles.find(({ fits }) => fits.test(last));
  const why = trouble?.why ?? openSslReason.exec(last)?.[1] ?? last;
  return new Fault('hub-unreachable', `${door.name} at ${address} cannot be reached: ${safe(why)}`, {
    cure: trouble?.cure(door) ?? `check that the hub runs (guildhall up) and that the address is that of ${door.name}`,
    exitCode: 3,
  });
}

/** What the hub's API refused, or why it cannot be reached, as a Fault for the terminal. */
export function faultOfRefusal(error: ServiceError, address: string, door = hubDoor): Fault {
  if (error.code === status.UNAVAILABLE && /No connection established|connect|name resolution failed/i.test(error.details)) {
    return unreachable(error.details, address, door);
  }
  if (error.code === status.DEADLINE_EXCEEDED) {
    return new Fault('hub-silent', `${door.name} at ${address} does not answer in time`, {
      cure: `look at the log of ${door.service}; GET /readyz at its admin port tells what it waits for`,
      exitCode: 3,
    });
  }
  if (error.code === status.RESOURCE_EXHAUSTED && /larger than max/i.test(error.details)) {
    return new Fault('too-large', `this is more than ${door.name} takes at once: ${safe(error.details)}`, {
      cure: `raise grpc.requestBytes of ${door.service}, or ask in parts`,
    });
  }
  const { cause, cure } = causeAndCure(error.details);
  const unasked: Told = {
    code: 'hub-failed',
    exitCode: error.code === status.UNAVAILABLE ? 3 : 1,
    cure: `look at the log of ${door.service}`,
  };
  const told = refusals.get(error.code) ?? unasked;
  const usual = error.code === status.UNAUTHENTICATED && /^(Member|The token) /.test(cause) ? 'ask an operator of the hub' : told.cure;
  return new Fault(told.code, safe(cause) || 'the hub refused without a word', {
    cure: safe(cure) || usual,
    exitCode: told.exitCode,
    cause: error,
  });
}
