import { InstanceReport, type LinkState, type MemberState } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { isReportText, reportBounds, reportId } from './report-bounds.js';

/** States of links and of overload: words of our own, those of a newer version included. */
const word = /^[a-z-]{0,32}$/;

/** The last ms since 1970 that a Date can be. */
const lastTime = 8_640_000_000_000_000n;

/**
 * A report as an instance of this service says it, or undefined: it cannot be read, exceeds what a report may hold, or calls itself another
 * service's. `service` is the one on whose subject it came, which NATS lets only that one use.
 */
export function readReport(service: string, payload: Uint8Array): InstanceReport | undefined {
  if (payload.length > reportBounds.bytes) return undefined;
  let report: InstanceReport;
  try {
    report = InstanceReport.decode(payload);
  } catch {
    return undefined;
  }
  return report.service === service && isSound(report) ? report : undefined;
}

function isSound(report: InstanceReport): boolean {
  const { reasons, members, told } = report;
  return (
    reportId.test(report.id) &&
    reportId.test(report.epoch) &&
    isReportText(report.version, reportBounds.version) &&
    isTime(report.at) &&
    isTime(report.started) &&
    word.test(report.overload) &&
    report.part < reportBounds.parts &&
    reasons.length <= reportBounds.reasons &&
    reasons.every((reason) => isReportText(reason, reportBounds.reason)) &&
    members.length <= reportBounds.members &&
    members.every(isMember) &&
    told.length <= reportBounds.told &&
    told.every(({ ingress, epoch }) => reportId.test(ingress) && reportId.test(epoch))
  );
}

function isMember({ member, certificateEnds, links }: MemberState): boolean {
  return reportId.test(member) && isTime(certificateEnds) && links.length <= reportBounds.links && links.every(isLink);
}

function isLink({ address, state, why, certificateEnds }: LinkState): boolean {
  return isReportText(address, reportBounds.address) && word.test(state) && isReportText(why, reportBounds.why) && isTime(certificateEnds);
}

function isTime(ms: bigint): boolean {
  return ms <= lastTime;
}
