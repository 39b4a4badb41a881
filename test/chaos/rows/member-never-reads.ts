import { memberRow, sick } from '../member-trouble.js';

/** A member's proxy takes connections with their handshakes and reads nothing. */
export const memberNeverReads = memberRow(
  {
    name: 'member-never-reads',
    about: 'a member’s only proxy takes connections and never reads',
    refusals: ['500 member-unreachable', '500 member-queue-full', '504 no-answer'],
    linksGo: true,
    // The first dead link is dialled anew, and that succeeds: only the second one in a row without a word counts against the proxy.
    lasts: 25_000,
  },
  () => ({
    begin: ({ party }) => party(sick).behave({ kind: 'never-reads' }),
    end: ({ party }) => party(sick).behave({ kind: 'answers', status: 200 }),
  }),
);
