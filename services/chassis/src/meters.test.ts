import { afterEach, describe, expect, it } from 'vitest';
import { createMeters, type Meters } from './meters.js';

const open: Meters[] = [];
afterEach(async () => {
  for (const meters of open.splice(0)) await meters.close();
});

function make(service = 'relay', id = 'r1', options = {}): Meters {
  const meters = createMeters(service, id, options);
  open.push(meters);
  return meters;
}

const lines = async (meters: Meters, prefix: string): Promise<string[]> =>
  (await meters.prometheus()).split('\n').filter((line) => line.startsWith(prefix));

describe('meters refuse', () => {
  it.each(['', 'Messages', 'a-b', '1a', 'a.b', 'a b'])('%j as a name', (name) => {
    expect(() => make().gauge(name, 'x', () => [])).toThrow(TypeError);
  });

  it('one name for two instruments', () => {
    const meters = make();
    meters.counter('guildhall_a', 'x', () => []);
    expect(() => meters.gauge('guildhall_a', 'x', () => [])).toThrow('another instrument');
    meters.histogram('guildhall_b', 'x', [1, 2]);
    expect(() => meters.histogram('guildhall_b', 'x', [1, 3])).toThrow('another instrument');
  });
});

describe('meters', () => {
  it('read plain fields when asked, with the service on every series', async () => {
    const meters = make();
    let count = 0;
    let links = 3;
    meters.counter('guildhall_messages', 'Messages.', () => [
      [{ direction: 'in', method: 'MESSAGE' }, count],
      [{ direction: 'out', method: 'MESSAGE' }, 2],
    ]);
    meters.gauge('guildhall_member_connections', 'Connections.', () => [[{ member: 'acme' }, links]]);
    count = 7;
    expect(await lines(meters, 'guildhall_messages')).toEqual([
      'guildhall_messages_total{direction="in",method="MESSAGE",service_name="relay",service_instance_id="r1"} 7',
      'guildhall_messages_total{direction="out",method="MESSAGE",service_name="relay",service_instance_id="r1"} 2',
    ]);
    count = 8;
    links = 1;
    expect((await lines(meters, 'guildhall_messages_total'))[0]).toMatch(/ 8$/);
    expect(await lines(meters, 'guildhall_member_connections')).toEqual([
      'guildhall_member_connections{member="acme",service_name="relay",service_instance_id="r1"} 1',
    ]);
    expect(await lines(meters, '# HELP guildhall_messages')).toEqual(['# HELP guildhall_messages_total Messages.']);
  });

  it('drop a series that is not read any more', async () => {
    const meters = make();
    const members = new Set(['acme', 'bolt']);
    meters.gauge('guildhall_member_up', 'Up.', () => [...members].map((member) => [{ member }, 1] as const));
    expect(await lines(meters, 'guildhall_member_up')).toHaveLength(2);
    members.delete('acme');
    expect(await lines(meters, 'guildhall_member_up')).toHaveLength(1);
  });

  it('put several readings of one series together', async () => {
    const meters = make();
    for (const value of [1, 2]) {
      meters.counter('guildhall_sum', 'x', () => [[{ a: '1', b: '2' }, value]]);
      meters.gauge('guildhall_last', 'x', () => [[{ b: '2', a: '1' }, value]]);
    }
    expect((await lines(meters, 'guildhall_sum')).map((line) => line.split(' ')[1])).toEqual(['3']);
    expect((await lines(meters, 'guildhall_last')).map((line) => line.split(' ')[1])).toEqual(['2']);
  });

  it('sum up what is above the limit of series', async () => {
    const meters = make('relay', 'r1', { series: 10 });
    meters.counter('guildhall_many', 'Many.', () => Array.from({ length: 50 }, (_, index) => [{ member: `m${index}` }, 1] as const));
    const found = await lines(meters, 'guildhall_many');
    expect(found.length).toBe(10);
    expect(found.filter((line) => line.includes('otel_metric_overflow'))).toEqual([expect.stringMatching(/ 41$/)]);
  });

  it('tell thousands of series over many turns, each once and under one head', async () => {
    let pauses = 0;
    const take = async (): Promise<void> => {
      pauses += 1;
    };
    const meters = make('relay', 'r1', { pauses: () => ({ due: () => true, take }) });
    const values = Array.from({ length: 1500 }, (_, index) => index);
    meters.counter('guildhall_many', 'Many.', () => values.map((value) => [{ member: `m${value}` }, value] as const));
    for (const value of values.slice(0, 150)) meters.histogram('guildhall_times', 'Times.', [1], { member: `m${value}` }).record(0.5);
    const [text = '', same] = await Promise.all([meters.prometheus(), meters.prometheus()]);
    // One telling for both: a pause at its beginning, one for each series that is read and for each 25 that are told.
    expect(pauses).toBeGreaterThan(1 + 1500 + 1500 / 25);
    expect(pauses).toBeLessThan(2 * 1500);
    expect(same).toBe(text);
    const found = text.split('\n').filter((line) => line.includes('guildhall_many') || line.includes('guildhall_times_count'));
    expect(found.filter((line) => line.startsWith('# '))).toEqual([
      '# HELP guildhall_many_total Many.',
      '# TYPE guildhall_many_total counter',
    ]);
    const said = found.flatMap((line) => /member="m(\d+)".* (\d+)$/.exec(line)?.slice(1).join(' ') ?? []);
    expect(said).toEqual([...values.map((value) => `${value} ${value}`), ...values.slice(0, 150).map((value) => `${value} 1`)]);
    expect(text.endsWith('\n')).toBe(true);
    expect(text).not.toContain('\n\n');
  });

  it('are sent to a collector in pieces, each series once', async () => {
    const meters = make();
    meters.counter('guildhall_many', 'Many.', () => Array.from({ length: 1100 }, (_, index) => [{ member: `m${index}` }, index] as const));
    const pieces: number[] = [];
    const seen: unknown[] = [];
    for await (const { scopeMetrics } of meters.collect()) {
      let series = 0;
      for (const { descriptor, dataPoints } of scopeMetrics.flatMap((scope) => scope.metrics)) {
        series += dataPoints.length;
        if (descriptor.name === 'guildhall_many') for (const { value } of dataPoints) seen.push(value);
      }
      pieces.push(series);
    }
    expect(seen).toEqual(Array.from({ length: 1100 }, (_, index) => index));
    expect(pieces.length).toBeGreaterThan(5);
    expect(Math.max(...pieces)).toBeLessThan(225);
  });

  it('escape what labels hold', async () => {
    const meters = make();
    meters.gauge('guildhall_odd', 'Odd.', () => [[{ name: 'a"b\\c\nd' }, 1]]);
    expect(await lines(meters, 'guildhall_odd')).toEqual([
      'guildhall_odd{name="a\\"b\\\\c\\nd",service_name="relay",service_instance_id="r1"} 1',
    ]);
  });

  it('count values into buckets, upper bounds included', async () => {
    const meters = make();
    const bounds = [0.001, 0.01, 1];
    const acme = meters.histogram('guildhall_message_duration_seconds', 'Time.', bounds, { method: 'MESSAGE' });
    const bolt = meters.histogram('guildhall_message_duration_seconds', 'Time.', bounds, { method: 'INVITE' });
    for (const value of [0, 0.001, 0.0011, 1, 5]) acme.record(value);
    bolt.record(0.5);
    const found = await lines(meters, 'guildhall_message_duration_seconds');
    const values = found.filter((line) => line.includes('"MESSAGE"')).map((line) => line.replace(/\{.*?(le="[^"]*")?\}/, ' $1'));
    expect(values).toEqual([
      'guildhall_message_duration_seconds_count  5',
      'guildhall_message_duration_seconds_sum  6.0021',
      'guildhall_message_duration_seconds_bucket le="0.001" 2',
      'guildhall_message_duration_seconds_bucket le="0.01" 3',
      'guildhall_message_duration_seconds_bucket le="1" 4',
      'guildhall_message_duration_seconds_bucket le="+Inf" 5',
    ]);
    expect(found.filter((line) => line.includes('"INVITE"'))).toHaveLength(6);
    expect(found.every((line) => line.includes('service_name="relay"'))).toBe(true);
    expect(await lines(meters, '# TYPE guildhall_message_duration_seconds')).toHaveLength(1);
  });

  it('of two services in one process do not meet', async () => {
    const [one, two] = [make('relay', 'r1'), make('ingress', 'i1')];
    one.gauge('guildhall_only_here', 'x', () => [[{}, 1]]);
    expect(await lines(two, 'guildhall_only_here')).toEqual([]);
  });

  it('tell of build and process', async () => {
    const text = await make().prometheus();
    for (const name of [
      /guildhall_build_info\{.*version="\d+\.\d+\.\d+",node="v\d+/,
      /process_cpu_seconds_total\{.*mode="user".*\} [\d.]+/,
      /process_resident_memory_bytes\{.*\} [1-9]\d+/,
      /process_start_time_seconds\{.*\} 1[\d.]+/,
      /nodejs_heap_used_bytes/,
      /nodejs_eventloop_active_seconds_total/,
      /nodejs_eventloop_lag_seconds\{.*quantile="0.99".*\} [\d.]+/,
    ]) {
      expect(text).toMatch(name);
    }
  });
});
