import { communityEntries } from '@guildhall/proto/community/entries';
import { readCommunity } from '@guildhall/proto/community/file';
import { compile } from './compile.js';
import type { Membership } from './membership.js';

/** Parts of a community file, each the text behind its key. */
export interface SampleParts {
  model?: string;
  otherwise?: string;
  /** Further keys of `community`, as in a YAML flow mapping. */
  community?: string;
  members?: string;
  agreements?: string;
  rules?: string;
  /** PEM texts by file name; ca.crt is the community's. */
  pem?: ReadonlyMap<string, string>;
}

/** A snapshot for unit tests, made the way a community file becomes one. Version 7. */
export function sampleMembership({
  model = 'clearinghouse',
  otherwise = 'allow',
  community = '',
  members = '[]',
  agreements = '[]',
  rules = '[]',
  pem,
}: SampleParts): Membership {
  const text = `community: { id: steel-guild, name: Steel Guild, model: ${model}, otherwise: ${otherwise}${community === '' ? '' : `, ${community}`} }
hub:
  domain: hub.example
  listeners: [{ name: members, host: 127.0.0.1 }, { name: inside, host: 127.0.0.2 }]
  certificate: { cert: hub.crt, key: hub.key }
  trust: { ca: [ca.crt] }
members: ${members}
agreements: ${agreements}
rules: ${rules}
`;
  const compiled = compile({ version: 7n, authorities: [], ...communityEntries(readCommunity(text, 'sample.yaml'), pem ?? new Map()) });
  if (compiled === undefined || compiled.problems.length > 0)
    throw new Error(`the sample does not compile: ${compiled?.problems.join('; ')}`);
  return compiled.membership;
}
