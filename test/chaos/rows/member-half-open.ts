import { memberRow, sick } from '../member-trouble.js';
import { openSilentWay, type SilentWay } from '../silence.js';

/** The network to a member's proxy is gone without a word. */
export const memberHalfOpen = memberRow(
  {
    name: 'member-half-open',
    about: 'the network drops everything to and from a member’s only proxy: connections are half open, nobody is told',
    refusals: ['500 member-unreachable', '500 member-queue-full', '504 no-answer'],
    linksGo: true,
  },
  () => {
    let way: SilentWay | undefined;
    return {
      async memberPath(id, port) {
        if (id !== sick) return port;
        way = await openSilentWay(port);
        return way;
      },
      async begin({ note }) {
        if (way !== undefined) note(way.how);
        await way?.fallSilent();
      },
      end: async () => way?.speak(),
      close: async () => way?.close(),
    };
  },
);
