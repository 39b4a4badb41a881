import { memberRow, sick } from '../member-trouble.js';

/** A member's proxy resets the connection after each request. */
export const memberResets = memberRow(
  {
    name: 'member-resets',
    about: 'a member’s only proxy resets the connection at every request',
    refusals: ['500 member-unreachable', '500 member-queue-full', '504 no-answer'],
    linksGo: true,
  },
  () => ({
    begin: ({ party }) => party(sick).behave({ kind: 'resets' }),
    end: ({ party }) => party(sick).behave({ kind: 'answers', status: 200 }),
  }),
);
