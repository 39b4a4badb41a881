import { describe, expect, it } from 'vitest';
import { stepOf, stepsOf } from './walk-steps.js';

const native = (name: string) => `${name}@`;

describe('the steps of the walk', () => {
  it('are told by who is on the stack, the rules in their order', () => {
    const data = ['onStreamRead@node:internal/stream_base_commons', native('(root)')];
    const connection = '@file:///x/services/ingress/connection.js';
    const head = ['scanHead@file:///x/proto/sip/head.js', 'feed@file:///x/proto/sip/reader.js', connection, ...data];
    expect(stepOf('ingress', head)).toBe('framing and head');
    expect(stepOf('ingress', ['checkVia@file:///x/proto/sip/check.js', 'admit@file:///x/services/ingress/admit.js', ...head])).toBe(
      'check of syntax',
    );
    expect(stepOf('ingress', [connection, ...data])).toBe('TLS: read');
    const write = ['_writeGeneric@node:net', 'write@node:internal/streams/writable'];
    expect(stepOf('ingress', [native('writeBuffer'), ...write, 'run@file:///x/services/ingress/connection.js'])).toBe(
      'TLS: record and socket write',
    );
    expect(stepOf('relay', [native('writeBuffer'), ...write, '_send@file:///x/@nats-io/transport-node/lib/node_transport.js'])).toBe(
      'NATS: socket write',
    );
    expect(stepOf('relay', [native('(garbage collector)'), native('(root)')])).toBe('garbage collection');
    expect(stepOf('relay', [native('something new')])).toBe('the rest');
  });

  it('share out the processor time that was used, without idle time and the profiler', () => {
    const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 0, columnNumber: 0 });
    const profile = {
      nodes: [
        { id: 1, callFrame: frame('(root)'), children: [2, 3, 4, 5] },
        { id: 2, callFrame: frame('(idle)') },
        { id: 3, callFrame: frame('(garbage collector)') },
        { id: 4, callFrame: frame('admit', 'file:///x/services/ingress/dist/admit.js') },
        { id: 5, callFrame: frame('post', 'file:///x/test/dist/bench/profile-hook.js') },
      ],
      samples: [2, 3, 4, 4, 5],
      timeDeltas: [500, 100, 200, 100, 300],
      cpuMicros: 1000,
    };
    expect(stepsOf(profile, 'ingress', 10)).toEqual([
      { step: 'admission: identity, loop, ask', micros: 75 },
      { step: 'garbage collection', micros: 25 },
    ]);
  });
});
