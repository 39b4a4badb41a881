import { tokenCure } from './http-errors.js';
import type { Route } from './http-routes.js';

/** The only page without credentials: what there is at this port and how to get at it. No figures, no names of the community. */
export function indexText(routes: readonly Pick<Route, 'path' | 'kind' | 'about'>[]): string {
  const lines = [...routes, { path: '/v1/schema', kind: 'answer', about: 'Every address with its parameters, as JSON.' }].map(
    ({ path, about }) => `  ${path.padEnd(20)}  ${about}`,
  );
  return `Guildhall: figures of a SIP hub, for dashboards.

This port answers programs, with JSON and Server-Sent Events; it has no pages for people. At a terminal, guildhall top and tail show the same.
Everything below wants credentials: ${tokenCure}.

${lines.join('\n')}
`;
}
