import type { Target } from './target.js';
import { admitTarget } from './targets/admit.js';
import { apiTarget } from './targets/api.js';
import { bodyTarget } from './targets/body.js';
import { busTarget } from './targets/bus.js';
import { communityTarget } from './targets/community.js';
import { headersTarget } from './targets/headers.js';
import { messageTarget } from './targets/message.js';
import { readerTarget } from './targets/reader.js';
import { rewriteTarget } from './targets/rewrite.js';
import { tokenTarget } from './targets/token.js';
import { writeTarget } from './targets/write.js';

/** Everything that can be fuzzed, by name in the order in which it is. */
export const targets: readonly Target[] = [
  readerTarget,
  messageTarget,
  headersTarget,
  writeTarget,
  admitTarget,
  rewriteTarget,
  tokenTarget,
  bodyTarget,
  busTarget,
  communityTarget,
  apiTarget,
];
