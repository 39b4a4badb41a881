import { playFault } from '../fault-run.js';
import { countPutOut, judgePutOut, othersClosed, type PutOut, type PutOutCounts, whenPutOut } from '../member-certificate.js';
import { othersP99, sick } from '../member-trouble.js';
import { moment, pause } from '../moment.js';
import type { Row } from '../row.js';
import { hubDomain } from '../topology.js';

/** From putting it on to its end: longer than the traffic before the fault. */
const validMs = 15_000;
const outMs = 12_000;
/** Nobody tells the hub of the new certificate: its next dial finds it, 10 s after the last at most. */
const recoveryMs = 12_000;

/** A member's certificate ends while it is in use, in both directions. */
export const certificateExpires: Row = {
  name: 'certificate-expires',
  about: 'the certificate of a member that is a sender’s far end and has dialled too comes to its end; it gets a new one 12 s later',
  promise:
    'its connections close with the reason expired within 10 s, in both directions, nobody else’s do; senders get 500 member-untrusted; normal within 12 s of the new one',
  run(stage) {
    let endsAt = 0;
    let out: PutOut = { closed: undefined, untrusted: undefined };
    let renewedAt = 0;
    let before: PutOutCounts = { closed: 0, untrusted: 0 };
    return playFault(stage, {
      concerns: (_, to) => to === sick,
      async prepare({ authority, party, ports, each, hub }) {
        const ends = Math.ceil((Date.now() + validMs) / 1000) * 1000;
        const { cert, key } = await authority.issue({
          name: 'short',
          dns: [`sip.${sick}.example`],
          uris: [`sip:${sick}.example`],
          until: (ends - Date.now()) / 3_600_000,
        });
        endsAt = moment() + ends - Date.now();
        await party(sick).wear({ domain: party(sick).domain, cert, key, ca: authority.cert });
        await party(sick).dial(ports, hubDomain, each);
        before = await countPutOut(hub, 'expired');
      },
      async strike(ground) {
        const { party, identity, authority } = ground;
        await pause(Math.max(0, endsAt - moment()));
        ground.struck();
        out = await whenPutOut(ground, 'expired', before);
        await pause(Math.max(0, ground.faultAt() + outMs - moment()));
        const { cert, key } = identity(sick);
        renewedAt = moment();
        await party(sick).wear({ domain: party(sick).domain, cert, key, ca: authority.cert });
        await pause(recoveryMs + 4_000);
      },
      demands: (_, { faultAt }) => ({ refusals: ['500 member-untrusted'], othersP99, normalAfter: renewedAt - faultAt() + recoveryMs }),
      inspect: async (ground) => [...judgePutOut(out, 'expired', ground.note), ...(await othersClosed(ground, ground.faultAt()))],
    });
  },
};
