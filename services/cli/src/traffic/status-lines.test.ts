import { describe, expect, it } from 'vitest';
import { statusLines } from './status-lines.js';
import { hostile, someStatus } from './traffic.stage.js';

const plain = { colorOut: false };

describe('the status of a hub', () => {
  it('stands in one screen', () => {
    expect(statusLines(someStatus(), false, plain)).toEqual([
      'impaired  2027-01-15 08:00:00.000Z',
      '  A link of bolt is down.',
      '',
      'Services',
      'SERVICE  ID         VERSION  READY        LEADS      UP  MEMBERSHIP   LAG   MEMORY  OPEN  RECORDS          WHY',
      'ingress  ingress-1  0.1.0    yes                 60 min          12  0 ms  100 MiB     3  1.2k, 4 dropped  load: late',
      'policy   policy-1   0.1.0    yes          yes    60 min          12  0 ms  100 MiB     0',
      'relay    relay-1    0.1.0    no                  60 min          12  0 ms  100 MiB     0                   NATS is not connected',
      'console  console-1  0.1.0    silent 12 s         60 min          12  0 ms  100 MiB     0',
      '',
      'Links: 1 of 2 up, 1 in trouble',
      'MEMBER  RELAY    PROXY           STATE    WHY',
      'bolt    relay-1  127.0.0.1:6071  backoff  connection refused',
      '',
      'Streams',
      'NAME     MESSAGES   SIZE  REACHES BACK  TROUBLE',
      'RECORDS       100  4 KiB        17 min',
      'TRAFFIC         0    0 B             -  there is no such stream',
      '',
      'Backlog: 4 requests for a link, every record is looked at',
      'Certificate of acme ends in 10 d',
    ]);
  });

  it('lists every link where that is wanted, and says where there is nothing', () => {
    expect(statusLines(someStatus(), true, plain).filter((line) => line.includes('127.0.0.1'))).toHaveLength(2);
    const nothing = { instances: [], links: [], streams: [], members: [], behind: 7n };
    const empty = statusLines(someStatus({ ...nothing, verdict: 'down' }), false, plain);
    expect(empty).toContain('no service was heard of');
    expect(empty).toContain('no stream is known');
    expect(empty.at(-1)).toBe('Backlog: nothing waits for a link, 7 records not yet looked at');
    // A member is told of its own half only: nothing is missing.
    const own = statusLines(someStatus({ instances: [], streams: [], verdict: 'well' }), false, plain);
    expect(own.filter((line) => line === 'members are not told of the hub’s own parts')).toHaveLength(2);
    expect(own).not.toContain('no service was heard of');
  });

  it('shows nobody’s text as it is', () => {
    const text = statusLines(
      someStatus({
        verdict: hostile,
        reasons: [hostile],
        instances: [{ service: hostile, id: hostile, version: hostile, reasons: [hostile], overload: hostile }],
        members: [{ member: hostile, certificateDays: -1 }],
        links: [{ member: hostile, relay: hostile, address: hostile, state: hostile, why: hostile }],
        streams: [{ name: hostile, trouble: hostile }],
      }),
      true,
      plain,
    ).join('');
    expect(text).not.toMatch(/\p{C}/u);
  });
});
