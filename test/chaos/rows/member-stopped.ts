import { memberRow, sick } from '../member-trouble.js';

/** A member's proxy stands still: its kernel goes on taking connections and bytes. */
export const memberStopped = memberRow(
  {
    name: 'member-stopped',
    about: 'a member’s only proxy stands still (SIGSTOP)',
    refusals: ['500 member-unreachable', '500 member-queue-full', '504 no-answer'],
    linksGo: true,
  },
  () => ({ begin: async ({ party }) => party(sick).signal('SIGSTOP'), end: async ({ party }) => party(sick).signal('SIGCONT') }),
);
