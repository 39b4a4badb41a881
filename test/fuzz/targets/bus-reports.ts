import { readReport } from '@guildhall/chassis/read-report';
import { InstanceReport } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { promise } from '../target.js';
import type { BusReader } from './bus-batches.js';

const token = /^[A-Za-z0-9_-]{1,64}$/;
const steers = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

const reports: BusReader = {
  name: 'InstanceReport',
  seeds: [
    InstanceReport.encode(
      InstanceReport.fromPartial({
        service: 'relay',
        id: 'relay-1',
        epoch: 'e1',
        version: '0.1.0',
        at: 1_800_000_000_000n,
        started: 1_799_000_000_000n,
        reasons: ['NATS is not connected'],
        overload: 'calm',
        part: 1,
        lastPart: true,
        members: [{ member: 'acme', waiting: 3, links: [{ address: '192.0.2.1:5061', state: 'backoff', why: 'ECONNREFUSED' }] }],
        told: [{ ingress: 'ingress-1', epoch: 'e9', finals: 7n }],
      }),
    ).finish(),
  ],
  take(payload) {
    const report = readReport('relay', payload);
    if (report === undefined) return 'no';
    const { members, told, reasons } = report;
    promise(report.service === 'relay' && token.test(report.id), 'a report is its service’s own');
    promise(members.length <= 500 && told.length <= 256 && reasons.length <= 32, 'a report is bounded');
    promise(
      members.every(({ member }) => token.test(member)) && told.every(({ ingress }) => token.test(ingress)),
      'ids are fit for keys and labels',
    );
    const texts = [
      report.version,
      report.overload,
      ...reasons,
      ...members.flatMap(({ links }) => links.flatMap((link) => Object.values(link))),
    ];
    promise(!texts.some((text) => typeof text === 'string' && steers.test(text)), 'no text steers a terminal');
    promise(!Number.isNaN(new Date(Number(report.at)).getTime()), 'a time is a time');
    return `yes ${Math.min(4, members.length)} ${Math.min(4, told.length)}`;
  },
};

/** What instances say of themselves. */
export const reportReaders: readonly BusReader[] = [reports];
