import { z } from 'zod';
import { communityFileSchema } from './schema.js';

/** The JSON schema of community files, for editors. Contradictions across lines are beyond it. `npm run gen` writes it to deploy/community.schema.json with two spaces of indentation and a final line end. */
export function communityJsonSchema(): Readonly<Record<string, unknown>> {
  return { title: 'Guildhall community', ...z.toJSONSchema(communityFileSchema, { io: 'input', reused: 'inline' }) };
}
