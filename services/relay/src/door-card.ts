import { type Certificate, parseAnchors } from '@guildhall/chassis/certificate';
import { Door } from '@guildhall/proto/gen/guildhall/bus/v1/ask';

/** A member's door as policy described it, checked: what links are made from. */
export interface DoorCard {
  readonly member: string;
  readonly open: boolean;
  /** Empty with `open` and without `lookup`: the member only dials out. */
  readonly proxies: readonly ProxyCard[];
  /** The domain under which DNS names its proxies, and which their certificates must carry; '' when the door names them itself. */
  readonly lookup: string;
  /** It was met by DNS, so that it chose itself where its names lead. */
  readonly stranger: boolean;
  /** Why there is nobody to dial although the door is open, for the sender; '' otherwise. */
  readonly unlocated: string;
  /** ms after which it is to be looked at again, should that be sooner than usual. */
  readonly freshFor: number;
  readonly pins: readonly string[];
  readonly anchors: readonly Certificate[];
  /** A common name will do where the certificate has no SAN. */
  readonly acceptCommonName: boolean;
  /** Lower case: whom it may name in its answers. */
  readonly domains: ReadonlySet<string>;
  /** The anchors as PEM, for the TLS layer. */
  readonly anchorText: string;
}

/** A proxy of a member: where to dial it, and the names of which its certificate must carry one. Lower `priority` goes first. */
export interface ProxyCard {
  readonly host: string;
  readonly port: number;
  readonly names: readonly string[];
  readonly priority: number;
  readonly weight: number;
}

/** Largest door taken. */
const most = { proxies: 16, names: 64, pins: 64, anchors: 64 };

const hostShape = /^[A-Za-z0-9._:-]{1,253}$/;
const nameShape = /^[a-z0-9_][a-z0-9._-]{0,252}$/;
const pinShape = /^[0-9a-f]{64}$/;

/** Reads policy's answer to the question for `member`. Throws an Error whose message is ours when it is not a door of that member. */
export function readDoor(payload: Uint8Array, member: string): DoorCard {
  const door = Door.decode(payload);
  if (door.member !== member) throw new Error('the door is another member’s');
  if (!door.open) return shut(member);
  if (door.proxies.length > most.proxies) throw new Error(`the door has more than ${most.proxies} proxies`);
  if (door.pins.length > most.pins || door.anchors.length > most.anchors) throw new Error('the door has too many pins or anchors');
  if (!door.pins.every((pin) => pinShape.test(pin))) throw new Error('the door has a pin that is no SHA-256');
  for (const proxy of door.proxies) {
    if (!hostShape.test(proxy.host) || proxy.port < 1 || proxy.port > 65_535) throw new Error('the door has a proxy without host or port');
    if (proxy.names.length > most.names || !proxy.names.every((name) => nameShape.test(name)))
      throw new Error('the door expects a name that is none');
  }
  if (door.lookup !== '' && !nameShape.test(door.lookup)) throw new Error('the door is to be looked up under a name that is none');
  return {
    member,
    open: true,
    // Looked up or told, never both.
    proxies: door.lookup === '' ? door.proxies : [],
    lookup: door.lookup,
    stranger: door.stranger,
    unlocated: '',
    freshFor: Number.POSITIVE_INFINITY,
    pins: door.pins,
    anchors: parseAnchors(door.anchors),
    acceptCommonName: door.acceptCommonName,
    domains: new Set(door.domains),
    anchorText: door.anchors.map((pem) => `${pem.trim()}\n`).join(''),
  };
}

function shut(member: string): DoorCard {
  return {
    member,
    open: false,
    proxies: [],
    lookup: '',
    stranger: false,
    unlocated: '',
    freshFor: Number.POSITIVE_INFINITY,
    pins: [],
    anchors: [],
    acceptCommonName: false,
    domains: new Set(),
    anchorText: '',
  };
}

/** What must be the same for a link to stay when a new door comes: whom to dial, and the name it is asked for. Who it has to be is judged anew. */
export function linkKey({ host, port, names }: ProxyCard): string {
  return JSON.stringify([host, port, names[0] ?? '']);
}
