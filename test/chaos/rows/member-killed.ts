import { memberRow, sick } from '../member-trouble.js';

/** A member's proxy dies and comes back. */
export const memberKilled = memberRow(
  {
    name: 'member-killed',
    about: 'kill -9 of a member’s only proxy',
    refusals: ['500 member-unreachable'],
    linksGo: true,
  },
  () => ({ begin: async ({ party }) => party(sick).signal('SIGKILL'), end: ({ party }) => party(sick).revive() }),
);
