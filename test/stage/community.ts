import type { communityFileSchema } from '@guildhall/proto/community/schema';
import type { z } from 'zod';

/** A community file as a person writes it. */
export type CommunityText = z.input<typeof communityFileSchema>;

/** What a play says of its community; the hub's own part is the stage's. */
export type CommunityPart = Partial<Pick<CommunityText, 'agreements' | 'rules'>> &
  Partial<Pick<CommunityText['community'], 'model' | 'otherwise' | 'defaultRoute' | 'discovery'>> & {
    readonly members: NonNullable<CommunityText['members']>;
    /** Files of the community's revocation lists. */
    readonly crl?: readonly string[];
  };

/** Name of the one listener every hub on stage has. */
export const listenerName = 'members';

/** What the stage says of the hub; `interfaces` are further listeners. */
interface HubText {
  readonly domain: string;
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly interfaces?: readonly string[];
}

/** The file: JSON, which is YAML too. Paths are absolute. */
export function communityText(part: CommunityPart, hub: HubText): string {
  const { model = 'clearinghouse', otherwise, defaultRoute, discovery, members, crl = [], agreements = [], rules = [] } = part;
  const file: CommunityText = {
    community: {
      id: 'steel-guild',
      name: 'Steel Guild',
      model,
      ...(otherwise === undefined ? {} : { otherwise }),
      ...(defaultRoute === undefined ? {} : { defaultRoute }),
      ...(discovery === undefined ? {} : { discovery }),
    },
    hub: {
      domain: hub.domain,
      listeners: [listenerName, ...(hub.interfaces ?? [])].map((name) => ({ name, host: '127.0.0.1', port: 0 })),
      certificate: { cert: hub.cert, key: hub.key },
      trust: { ca: [hub.ca], crl: [...crl] },
    },
    members,
    agreements,
    rules,
  };
  return JSON.stringify(file, undefined, 2);
}
