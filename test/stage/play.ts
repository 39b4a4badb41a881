import { type Authority, type Identity, openSafe, type Safe } from './certificates.js';
import type { CommunityPart } from './community.js';
import { type Hub, type HubPart, startHub, type Topology } from './hub.js';
import { hubCertificate, memberCertificate } from './identities.js';
import { type Member, startMember } from './member.js';

/** The two hubs every story is played on. */
export const topologies: readonly (readonly [string, Topology])[] = [
  ['one of each service', { ingresses: 1, relays: 1, policies: 1 }],
  ['two of each service', { ingresses: 2, relays: 2, policies: 2 }],
];

/** How an actor differs from a member with one domain `<id>.example` and one proxy. */
export interface Role {
  readonly domains?: readonly string[];
  /** More proxies of the same member, each an actor of its own under this name; they share the member's certificate names. */
  readonly spares?: readonly string[];
  readonly dialsOnly?: boolean;
  /** The certificate it dials with and shows; default a good one of its first domain. */
  readonly identity?: (authority: Authority, safe: Safe) => Promise<Identity>;
  /** Another one that it shows to the hub when the hub dials. */
  readonly doorIdentity?: (authority: Authority, safe: Safe) => Promise<Identity>;
  /** Put the key of its certificate into its entry. */
  readonly pinned?: boolean;
  /** false: it does not dial the hub at the start. */
  readonly dials?: boolean;
  /** A member of the community that nobody plays. */
  readonly offstage?: boolean;
  /** Anything else of its entry in the community's file. */
  readonly entry?: Partial<CommunityPart['members'][number]>;
}

/** A play: a hub, its members on stage, each with one line to the hub. */
export interface Play {
  readonly hub: Hub;
  readonly safe: Safe;
  readonly authority: Authority;
  /** What the community's file says, to be changed by `hub.rewrite`. */
  readonly community: CommunityPart;
  /** An actor by member id or by the name of a spare. Throws when the cast has none. */
  actor(name: string): Member;
  /** The same, or undefined. */
  find(name: string): Member | undefined;
  /** What anybody heard and no story asked for, as "<actor>: <message>". */
  unheard(): readonly string[];
  /** Forgets it, so that one failed story does not spoil the next. */
  forget(): void;
  close(): Promise<void>;
}

export interface PlayPart extends Pick<HubPart, 'topology' | 'interfaces' | 'settings' | 'apart' | 'log'>, Omit<CommunityPart, 'members'> {
  /** The hub's own SIP domain, where it is not the usual one, and what else its certificate names. */
  readonly domain?: string;
  readonly names?: readonly string[];
  /** What it shares with other hubs, and where it must listen. */
  readonly ground?: { readonly safe: Safe; readonly authority: Authority; readonly port: number };
  readonly cast: Readonly<Record<string, Role>>;
}

export const hubDomain = 'hub.example';

/**
 * Opens a stage: certificates, actors that listen, a hub that knows them, and a line of each actor to the hub. With several ingresses
 * neighbours in the cast dial different ones. Spares listen but do not dial.
 */
export async function openPlay(part: PlayPart): Promise<Play> {
  const safe = part.ground?.safe ?? openSafe();
  const authority = part.ground?.authority ?? (await safe.authority('community'));
  const hubName = part.domain ?? hubDomain;
  const actors = new Map<string, Member>();
  const curtain: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of curtain.reverse()) await end();
    if (part.ground === undefined) safe.close();
  };
  try {
    const members: CommunityPart['members'] = [];
    const roles = Object.entries(part.cast);
    for (const [id, role] of roles) {
      const domains = role.domains ?? [`${id}.example`];
      const domain = domains[0] ?? `${id}.example`;
      if (role.offstage === true) {
        members.push({ id, domains: [...domains], ...role.entry });
        continue;
      }
      const identity = await (role.identity?.(authority, safe) ?? memberCertificate(authority, domain));
      const door = await role.doorIdentity?.(authority, safe);
      const proxies = [];
      for (const [index, name] of [id, ...(role.spares ?? [])].entries()) {
        const dialsOnly = role.dialsOnly === true;
        const actor = await startMember({ id: name, domain, identity, door: door ?? identity, authority, hubName, dialsOnly });
        curtain.push(() => actor.close());
        actors.set(name, actor);
        if (!dialsOnly) proxies.push({ host: '127.0.0.1', port: actor.port, name: `sip.${domain}`, priority: index + 1 });
      }
      const pins = role.pinned === true ? [identity.pin] : [];
      members.push({ id, domains: [...domains], proxies, pins, ...role.entry });
    }
    const { model, otherwise, defaultRoute, discovery, agreements, rules } = part;
    const community: CommunityPart = {
      members,
      ...(model === undefined ? {} : { model }),
      ...(otherwise === undefined ? {} : { otherwise }),
      ...(defaultRoute === undefined ? {} : { defaultRoute }),
      ...(discovery === undefined ? {} : { discovery }),
      ...(agreements === undefined ? {} : { agreements }),
      ...(rules === undefined ? {} : { rules }),
    };
    const hub = await startHub({
      ...part,
      community,
      domain: hubName,
      identity: await hubCertificate(authority, hubName, part.names),
      authority,
      ...(part.ground === undefined ? {} : { port: part.ground.port }),
    });
    curtain.push(() => hub.close());
    for (const [index, [id, role]] of roles.entries()) {
      if (role.dials === false) continue;
      const ingress = hub.ingresses[index % hub.ingresses.length];
      await actors.get(id)?.dial(ingress?.port ?? 0);
    }
    const actor = (name: string) => {
      const found = actors.get(name);
      if (found === undefined) throw new Error(`nobody plays ${name}`);
      return found;
    };
    const unheard = () => [...actors].flatMap(([name, one]) => one.unheard().map((message) => `${name}: ${message}`));
    const forget = () => {
      for (const one of actors.values()) one.forget();
    };
    return { hub, safe, authority, community, actor, find: (name) => actors.get(name), unheard, forget, close };
  } catch (error) {
    await close();
    throw error;
  }
}
