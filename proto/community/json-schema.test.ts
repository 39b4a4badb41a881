import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { communityJsonSchema } from './json-schema.js';

it('is what deploy/community.schema.json holds (npm run gen writes it)', () => {
  const committed = readFileSync(new URL('../../deploy/community.schema.json', import.meta.url), 'utf8');
  expect(committed).toBe(`${JSON.stringify(communityJsonSchema(), null, 2)}\n`);
});

it('lets nothing unknown through and asks for no more than the reader does', () => {
  expect(communityJsonSchema()).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    additionalProperties: false,
    required: ['community', 'hub'],
    properties: { members: { items: { additionalProperties: false, required: ['id', 'domains'] } } },
  });
});
