import type { GetStatusResponse } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { InstanceTraffic } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { plural } from '../plural.js';
import { type Column, roomyColumns, tableLines } from '../table.js';
import { styled, terminalText, type World } from '../world.js';
import { instantText, secondsSince, shortBytes, shortNumber, shortSpan } from './figures.js';
import { certificateStyle, linkView } from './top-rows.js';

const longest = 300;
const notForMembers = 'members are not told of the hub’s own parts';
/** Silent for longer is told in red, s. */
const silentFor = 3;

const instances: readonly Column<InstanceTraffic>[] = [
  { title: 'SERVICE', text: ({ service }) => service },
  { title: 'ID', text: ({ id }) => id },
  { title: 'VERSION', text: ({ version }) => version },
  {
    title: 'READY',
    text: ({ ready, silentS }) => (silentS > silentFor ? `silent ${shortSpan(silentS)}` : ready ? 'yes' : 'no'),
    style: ({ ready, silentS }) => (ready && silentS <= silentFor ? 'green' : 'red'),
  },
  { title: 'LEADS', text: ({ leads }) => (leads ? 'yes' : '') },
  { title: 'UP', text: ({ upS }) => shortSpan(upS), right: true },
  { title: 'MEMBERSHIP', text: ({ membershipVersion }) => (membershipVersion === 0n ? '' : String(membershipVersion)), right: true },
  { title: 'LAG', text: ({ lagMs }) => `${lagMs} ms`, style: ({ lagMs }) => (lagMs >= 100 ? 'yellow' : undefined), right: true },
  { title: 'MEMORY', text: ({ memoryBytes }) => shortBytes(Number(memoryBytes)), right: true },
  { title: 'OPEN', text: ({ inFlight }) => String(inFlight), right: true },
  {
    title: 'RECORDS',
    text: ({ recordsMade, recordsDropped }) =>
      recordsMade === 0n
        ? ''
        : `${shortNumber(Number(recordsMade))}${recordsDropped === 0n ? '' : `, ${shortNumber(Number(recordsDropped))} dropped`}`,
    style: ({ recordsDropped }) => (recordsDropped > 0n ? 'yellow' : undefined),
  },
  {
    title: 'WHY',
    text: ({ reasons, overload }) =>
      [overload === '' || overload === 'calm' ? '' : `load: ${overload}`, ...reasons].filter((text) => text !== '').join('; '),
    style: () => 'yellow',
  },
];
const spare = ['MEMORY', 'OPEN', 'LAG', 'MEMBERSHIP', 'RECORDS', 'UP', 'VERSION', 'LEADS'];

const verdicts: Readonly<Record<string, 'green' | 'yellow' | 'red'>> = { well: 'green', impaired: 'yellow', down: 'red' };

/** The whole screen: verdict and why, services, links that are not up, streams, backlog. */
export function statusLines(
  status: GetStatusResponse,
  allLinks: boolean,
  terminal: Pick<World['terminal'], 'columns' | 'colorOut'>,
): string[] {
  const { colorOut: color } = terminal;
  const heading = (text: string) => styled(text, 'bold', color);
  const sick = status.links.filter(({ state }) => state !== 'up' && state !== 'idle');
  const up = status.links.filter(({ state }) => state === 'up').length;
  const shownLinks = allLinks ? status.links : sick;
  const ending = status.members.filter(({ certificateDays }) => certificateStyle(certificateDays) !== undefined);
  const waiting = status.members.reduce((sum, member) => sum + member.waiting, 0);
  // A hub of which nothing is heard is down: where it is not, the caller is a member.
  const ownHalf = status.instances.length === 0 && status.verdict !== 'down';
  const ofColumns = roomyColumns(instances, status.instances, spare, terminal.columns);
  return [
    `${styled(terminalText(status.verdict, 40), verdicts[status.verdict] ?? 'red', color)}  ${instantText(status.at)}`,
    ...status.reasons.map((reason) => `  ${terminalText(reason, longest)}`),
    '',
    heading('Services'),
    ...tableLines(ofColumns, status.instances, ownHalf ? notForMembers : 'no service was heard of', terminal),
    '',
    heading(`Links: ${up} of ${status.links.length} up${sick.length === 0 ? '' : `, ${sick.length} in trouble`}`),
    ...(shownLinks.length === 0 ? [] : tableLines(linkView.columns, shownLinks, '', terminal)),
    '',
    heading('Streams'),
    ...tableLines(streamColumns(status), status.streams, ownHalf ? notForMembers : 'no stream is known', terminal),
    '',
    `Backlog: ${waiting === 0 ? 'nothing waits for a link' : `${plural(waiting, 'request')} for a link`}, ${status.behind === 0n ? 'every record is looked at' : `${status.behind} records not yet looked at`}`,
    ...ending.map((member) => {
      const days = member.certificateDays ?? 0;
      const when = days < 0 ? 'has ended' : `ends in ${shortSpan(days * 86_400)}`;
      return styled(`Certificate of ${terminalText(member.member, 64)} ${when}`, certificateStyle(days) ?? 'yellow', color);
    }),
  ];
}

function streamColumns({ at }: GetStatusResponse): readonly Column<GetStatusResponse['streams'][number]>[] {
  return [
    { title: 'NAME', text: ({ name }) => name },
    { title: 'MESSAGES', text: ({ messages }) => String(messages), right: true },
    { title: 'SIZE', text: ({ bytes }) => shortBytes(Number(bytes)), right: true },
    {
      title: 'REACHES BACK',
      text: ({ firstAt }) => (firstAt === 0n ? '-' : shortSpan(secondsSince(firstAt, new Date(Number(at))))),
      right: true,
    },
    { title: 'TROUBLE', text: ({ trouble }) => trouble, style: () => 'red' },
  ];
}
