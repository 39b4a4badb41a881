import type { Recorded } from './history.js';
import { headingOf } from './patterns.js';

/** What was recorded as a Markdown table, a row a pattern and a column a hub, for the README. Behind a peer stand the ratios of ours to it. */
export function markdownOf({ patterns }: Recorded): string {
  const peers = [...new Set(patterns.flatMap((one) => [...one.peers.map(({ peer }) => peer), ...(one.died ?? [])]))];
  const alsoSingle = patterns.some(({ single }) => single !== undefined);
  const rows = patterns.map(({ pattern, unit, hub, single, peers: found, died = [] }) => {
    const beside = peers.map((name) => {
      const peer = found.find((one) => one.peer === name);
      if (peer === undefined) return died.includes(name) ? 'died' : '';
      const other = single?.ratios[name];
      const times = [peer.ratio.perSecond, ...(other === undefined ? [] : [other])].map((ratio) => `${ratio.toFixed(2)} ×`).join(', ');
      return `${cell(peer, unit)}: ${times}${peer.how === undefined ? '' : ` (${peer.how})`}`;
    });
    const whole = alsoSingle ? [single === undefined ? '' : cell(single, unit)] : [];
    return line([`\`${pattern}\` ${headingOf(pattern)}`, cell(hub, unit), ...whole, ...beside]);
  });
  const heading = ['pattern', 'hub', ...(alsoSingle ? ['hub as one process'] : []), ...peers];
  return `${[line(heading), line(heading.map(() => '---')), ...rows].join('\n')}\n`;
}

type Figures = Pick<Recorded['patterns'][number]['hub'], 'perSecond' | 'cpu' | 'p99'>;

function cell({ perSecond, cpu, p99 }: Figures, unit: string): string {
  const rate = Math.round(perSecond)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
  return `${rate}${unit === 'calls' ? ' calls' : ''}/s, ${cpu.toFixed(1)} µs, p99 ${p99.toFixed(p99 < 10 ? 1 : 0)} ms`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
