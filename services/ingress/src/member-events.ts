import { createMemberSeries } from '@guildhall/chassis/member-series';
import type { Meters, Readings } from '@guildhall/chassis/meters';
import type { Member, Members } from './members.js';
import type { Conduct } from './partner-bounds.js';
import type { SheddingGauges } from './shedding.js';
import type { TrustTable } from './trust.js';

/** What instruments of members read. */
export interface MemberGauges {
  members(): Iterable<Member>;
  /** Members that are reached over the connections they open, and whether one is open here. */
  dialling(): Iterable<{ readonly id: string; readonly up: boolean }>;
  readonly shedding: SheddingGauges;
}

/** Members of the membership that nobody can dial, and whether each has a connection here. */
export function* diallingMembers(trust: TrustTable | undefined, members: Pick<Members, 'find'>): Iterable<{ id: string; up: boolean }> {
  for (const { id, dialsOnly } of trust?.members.values() ?? []) {
    if (dialsOnly) yield { id, up: members.find(id)?.wires.some((wire) => wire.open) === true };
  }
}

/** Series a member, as many as `createMemberSeries` gives: the others are one. */
export function createMemberInstruments({ counter, gauge }: Pick<Meters, 'counter' | 'gauge'>, gauges: MemberGauges): void {
  const series = createMemberSeries();
  const { members } = gauges;
  const total = (figure: (member: Member) => number): Readings => series.of(members, figure, 'total');
  const sum = (figure: (member: Member) => number | undefined): Readings => series.of(members, figure, 'sum');

  gauge(
    'guildhall_member_up',
    'Whether a member can be reached, as far as this instance knows.',
    createMemberSeries().of(gauges.dialling, ({ up }) => (up ? 1 : 0), 'least'),
  );
  gauge(
    'guildhall_member_connections',
    'Open connections of a member.',
    sum(({ wires }) => wires.length),
  );
  gauge(
    'guildhall_certificate_expiry_timestamp_seconds',
    'When a certificate ends: a listener’s, or what a member showed last.',
    series.of(members, ({ certificateEnds }) => (certificateEnds === 0 ? undefined : certificateEnds / 1000), 'least'),
  );
  counter(
    'guildhall_member_requests',
    'Requests of a member.',
    total(({ counts }) => counts.requests),
  );
  counter(
    'guildhall_member_responses',
    'Final responses to a member.',
    total(({ counts }) => counts.responses),
  );
  counter(
    'guildhall_member_refusals',
    'Requests of a member that were refused.',
    total(({ counts }) => counts.refused),
  );
  counter(
    'guildhall_member_shed',
    'Requests of a member that were refused because the hub was overloaded.',
    total(({ counts }) => counts.shed),
  );
  gauge(
    'guildhall_member_share',
    'Requests a second that a member may send while the hub is overloaded.',
    sum((member) => finite(gauges.shedding.share(member))),
  );
  gauge(
    'guildhall_member_buffered_bytes',
    'Bytes from and for a member that wait in its connections.',
    sum(({ bytes }) => bytes),
  );

  /** Of discovered partners that sent something. */
  const partners = (figure: (conduct: Conduct) => number, fold: 'sum' | 'total'): Readings =>
    series.of(members, ({ conduct }) => (conduct === undefined ? undefined : figure(conduct)), fold);
  gauge(
    'guildhall_partner_contacts',
    'Different users a discovered partner addressed in the last hour or less.',
    partners(({ contacts }) => contacts.size, 'sum'),
  );
  gauge(
    'guildhall_partner_suspect',
    'Whether most of what a discovered partner sends fails.',
    partners(({ suspect }) => (suspect ? 1 : 0), 'sum'),
  );
  const held = 'Requests of a discovered partner that its bounds refused, by bound.';
  counter(
    'guildhall_partner_held',
    held,
    bound(
      'rate',
      partners(({ overRate }) => overRate, 'total'),
    ),
  );
  counter(
    'guildhall_partner_held',
    held,
    bound(
      'contacts',
      partners(({ overContacts }) => overContacts, 'total'),
    ),
  );
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function bound(name: string, read: Readings): Readings {
  return () => [...read()].map(([labels, value]) => [{ ...labels, bound: name }, value] as const);
}
