import type { GetStatusResponse, LinkStatus, StreamStatus } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { InstanceTraffic, MemberTraffic } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';

/** How the hub stands, from what is known of its parts. */
export interface Standings {
  /** Wall clock, ms since 1970. */
  readonly at: number;
  readonly instances: InstanceTraffic[];
  readonly members: MemberTraffic[];
  readonly links: LinkStatus[];
  readonly streams: StreamStatus[];
  readonly behind: number;
  readonly sampled: number;
  /** Empty: NATS is there. */
  readonly bus: string;
}

/** Without one that is ready of each of these, nothing passes. */
const vital = ['ingress', 'policy', 'relay'] as const;
/** Instances speak once a second. */
const silentS = 5;
/** Records that may wait without being worth a word. */
const toleratedBehind = 50_000;
const mostReasons = 50;

/** The verdict of `guildhall status`: down where nothing can pass, impaired where somebody should look, else well. Every reason is a sentence. */
export function statusOf(standings: Standings): GetStatusResponse {
  const { instances, members, links, streams, behind } = standings;
  const down = reasonsDown(standings);
  const reasons = [...down, ...reasonsOfInstances(instances), ...reasonsOfMembers(members, links), ...reasonsOfRecords(standings)];
  const told = reasons.slice(0, mostReasons);
  if (reasons.length > mostReasons) told.push(`${reasons.length - mostReasons} reasons more.`);
  return {
    at: BigInt(standings.at),
    verdict: down.length > 0 ? 'down' : reasons.length > 0 ? 'impaired' : 'well',
    reasons: told,
    instances,
    members,
    links,
    streams,
    behind: BigInt(behind),
  };
}

function reasonsDown({ bus, instances }: Standings): string[] {
  if (bus !== '') return [`${bus}.`];
  const serves = (service: string) => instances.some((one) => one.service === service && one.ready && one.silentS < silentS);
  return vital.filter((service) => !serves(service)).map((service) => `No ${service} is ready.`);
}

function reasonsOfInstances(instances: readonly InstanceTraffic[]): string[] {
  return instances.flatMap(({ service, id, ready, reasons, silentS: silence, overload }) => {
    // One that said that it ends is not missed.
    if (silence >= silentS) return ready ? [`${service} ${id} has not been heard of for ${Math.round(silence)} s.`] : [];
    if (!ready) return [`${service} ${id} is not ready: ${reasons.length === 0 ? 'it does not say why' : reasons.join('; ')}.`];
    // What is ready may still have something to say: a disk that is full, a revocation list that is overdue.
    const told = reasons.length === 0 ? [] : [`${service} ${id}: ${reasons.join('; ')}.`];
    return overload === 'late' || overload === 'shedding' ? [...told, `${service} ${id} is overloaded (${overload}).`] : told;
  });
}

function reasonsOfMembers(members: readonly MemberTraffic[], links: readonly LinkStatus[]): string[] {
  return members.flatMap(({ member, linksUp, linksDown, certificateDays }) => {
    const reasons: string[] = [];
    if (linksUp === 0 && linksDown > 0) {
      const why = links.find((link) => link.member === member && link.why !== '')?.why ?? 'no link is up';
      reasons.push(`No proxy of ${member} can be reached: ${why}.`);
    }
    if (certificateDays !== undefined && certificateDays <= 0) reasons.push(`A certificate of ${member} has expired.`);
    return reasons;
  });
}

function reasonsOfRecords({ streams, behind, sampled }: Standings): string[] {
  const reasons = streams.filter(({ trouble }) => trouble !== '').map(({ name, trouble }) => `The stream ${name}: ${trouble}.`);
  if (behind > toleratedBehind) reasons.push(`${behind} records are not looked at yet.`);
  if (sampled > 1) reasons.push(`Figures are estimated: of ${sampled} batches of records one is looked at.`);
  return reasons;
}
