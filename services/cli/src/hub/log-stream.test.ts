import { describe, expect, it } from 'vitest';
import { createLogStream, lineCutter } from './log-stream.js';

const now = () => new Date('2026-01-02T03:04:05.678Z');

function written(json: boolean, act: (stream: ReturnType<typeof createLogStream>) => void): string[] {
  const lines: string[] = [];
  act(createLogStream({ json, color: false, write: (line) => lines.push(line), now }));
  return lines;
}

describe('a log stream for people', () => {
  it.each([
    ['a line that is no JSON', 'panic: at the disco', '03:04:05.678 relay   warn  panic: at the disco'],
    ['JSON that is no record', '[1]', '03:04:05.678 relay   warn  [1]'],
    ['a broken record', '{"level":', '03:04:05.678 relay   warn  {"level":'],
    ['control characters', 'a\u001b[31mb', String.raw`03:04:05.678 relay   warn  a\u{1b}[31mb`],
    [
      'a pino record',
      '{"level":"info","time":"2026-01-02T00:00:00.001Z","service":"relay","id":"relay-1","msg":"serves","port":1}',
      '00:00:00.001 relay   info  serves port=1',
    ],
    ['a level as a number', '{"level":50,"time":1,"msg":"bad"}', '00:00:00.001 relay   error bad'],
  ])('shows %s', (_what, text, line) => {
    expect(written(false, (stream) => stream.line('relay', text))).toEqual([line]);
  });

  it.each([' ', '{"level":"debug","msg":"x"}'])('says nothing for %j', (text) => {
    expect(written(false, (stream) => stream.line('relay', text))).toEqual([]);
  });
});

describe('a log stream as JSON', () => {
  it('passes records on and makes records of other lines', () => {
    const lines = written(true, (stream) => {
      stream.line('relay', '{"level":"info","service":"relay","msg":"x"}');
      stream.line('nats', 'oops');
      stream.say('info', 'hello');
    });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { level: 'info', service: 'relay', msg: 'x' },
      { level: 'warn', service: 'nats', time: '2026-01-02T03:04:05.678Z', msg: 'oops' },
      { level: 'info', service: 'hub', time: '2026-01-02T03:04:05.678Z', msg: 'hello' },
    ]);
  });
});

describe('a line cutter', () => {
  it('gives whole lines however the bytes are cut', () => {
    const text = 'one\n\ntwo\nthree\n';
    for (let cut = 0; cut <= text.length; cut += 1) {
      const lines: string[] = [];
      const feed = lineCutter((line) => lines.push(line));
      feed(Buffer.from(text.slice(0, cut)));
      feed(Buffer.from(text.slice(cut)));
      expect(lines).toEqual(['one', '', 'two', 'three']);
    }
  });

  it('hands out an endless line in pieces instead of keeping it', () => {
    const lines: string[] = [];
    const feed = lineCutter((line) => lines.push(line));
    feed(Buffer.alloc(70_000, 'x'));
    expect(lines.map((line) => line.length)).toEqual([70_000]);
  });
});
