import { memberRow, sick } from '../member-trouble.js';

/** A member's proxy says that it is overloaded, which is its own trouble and not the hub's (RFC 3261 16.7 step 6). */
export const member503 = memberRow(
  {
    name: 'member-503',
    about: 'a member’s only proxy answers 503 with Retry-After to everything',
    refusals: ['500 member-overloaded'],
    linksGo: false,
  },
  () => ({
    begin: ({ party }) => party(sick).behave({ kind: 'answers', status: 503 }),
    end: ({ party }) => party(sick).behave({ kind: 'answers', status: 200 }),
  }),
);
