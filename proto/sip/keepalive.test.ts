import { describe, expect, it } from 'vitest';
import { createKeepalive } from './keepalive.js';
import { bytesOf } from './sample-request.js';

function told(...chunks: string[]): string[] {
  const log: string[] = [];
  const keepalive = createKeepalive({ ping: () => log.push('ping'), pong: () => log.push('pong') });
  for (const chunk of chunks) log.push(String(keepalive.read(bytesOf(chunk), 0)));
  return log;
}

describe('keepalives between messages', () => {
  it.each([
    [['\n'], ['-1']],
    [['\r\r\n'], ['-1']],
    [['\r\n\n'], ['-1']],
    [
      ['\r', 'x'],
      ['1', '-1'],
    ],
  ])('a CR or LF alone is refused: %j', (chunks, log) => {
    expect(told(...chunks)).toEqual(log);
  });

  it.each([
    [['\r\n\r\n'], ['ping', '4']],
    [['\r\n\r\n\r\n\r\n'], ['ping', 'ping', '8']],
    [['\r\n'], ['pong', '2']],
    [['\r\n\r\n\r\n'], ['ping', 'pong', '6']],
    [['\r\nMESSAGE'], ['pong', '2']],
    [['\r\n\r\nMESSAGE'], ['ping', '4']],
    [['MESSAGE'], ['0']],
    [
      ['\r', '\n', '\r', '\n'],
      ['1', 'pong', '1', '1', 'ping', '1'],
    ],
    [
      ['\r\n\r', '\nM'],
      ['pong', '3', 'ping', '1'],
    ],
    [
      ['\r\n', 'M', '\r\n'],
      ['pong', '2', '0', 'pong', '2'],
    ],
  ])('%j tells %j', (chunks, log) => {
    expect(told(...chunks)).toEqual(log);
  });
});
