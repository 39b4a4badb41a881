import { playFault } from '../fault-run.js';
import { countPutOut, judgePutOut, othersClosed, type PutOut, type PutOutCounts, whenPutOut } from '../member-certificate.js';
import { othersP99, sick } from '../member-trouble.js';
import { moment, pause } from '../moment.js';
import type { Row } from '../row.js';
import { hubDomain } from '../topology.js';

const outMs = 12_000;
/** The hub knows when a list changes, and dials at once whom it may believe again. */
const recoveryMs = 4_000;

/** A member's certificate is revoked while it is in use, in both directions, and forgiven later. */
export const certificateRevoked: Row = {
  name: 'certificate-revoked',
  about: 'the community’s revocation list names the certificate of a member that is a sender’s far end and has dialled too, for 12 s',
  promise:
    'its connections close with the reason revoked within 10 s, in both directions, nobody else’s do; senders get 500 member-untrusted; normal within 4 s of the next list',
  run(stage) {
    let out: PutOut = { closed: undefined, untrusted: undefined };
    let forgivenAt = 0;
    let before: PutOutCounts = { closed: 0, untrusted: 0 };
    return playFault(stage, {
      concerns: (_, to) => to === sick,
      async prepare({ party, ports, each, hub }) {
        await party(sick).dial(ports, hubDomain, each);
        before = await countPutOut(hub, 'revoked');
      },
      async strike(ground) {
        const { hub, community, authority, identity } = ground;
        const list = await authority.revoke([identity(sick).serial]);
        ground.struck();
        hub.rewrite({ ...community, crl: [list] });
        out = await whenPutOut(ground, 'revoked', before);
        await pause(Math.max(0, ground.faultAt() + outMs - moment()));
        forgivenAt = moment();
        hub.rewrite(community);
        await pause(recoveryMs + 4_000);
      },
      demands: (_, { faultAt }) => ({ refusals: ['500 member-untrusted'], othersP99, normalAfter: forgivenAt - faultAt() + recoveryMs }),
      inspect: async (ground) => [...judgePutOut(out, 'revoked', ground.note), ...(await othersClosed(ground, ground.faultAt()))],
    });
  },
};
