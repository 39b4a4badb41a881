import { memberCertificate } from '../stage/identities.js';
import { type Member, startMember } from '../stage/member.js';
import { doorTo, hubName, type Neighbours } from './relay-neighbours.js';

/** A proxy of bolt.example that the relay dials when something is forwarded to whatever member: the door leads to it from now on. */
export async function startBolt(relay: Neighbours, id = 'bolt'): Promise<Member> {
  const bolt = await startMember({
    id,
    domain: 'bolt.example',
    identity: await memberCertificate(relay.authority, 'bolt.example'),
    authority: relay.authority,
    hubName,
  });
  relay.door(doorTo(relay.authority, { port: bolt.port }));
  return bolt;
}
