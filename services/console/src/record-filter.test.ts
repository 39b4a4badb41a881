import { RecordAnswer, RecordKind } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import { createRecordReader, type RecordColumns } from '@guildhall/proto/records/record-columns';
import { describe, expect, it } from 'vitest';
import { wantedBy } from './record-filter.js';
import { payloadOf, type ToldRecord } from './records.stage.js';
import { emptyFilter } from './search.js';

const records: ToldRecord[] = [
  { callId: 'one', peer: 'acme', target: 'bolt', fromUser: '~hash@acme.example', toUser: 'bob@bolt.example' },
  { callId: 'two', peer: 'bolt', target: 'acme', status: 404, answer: RecordAnswer.HUB, code: 'no-route', method: 'INVITE' },
  { callId: 'three', peer: 'cove', target: 'bolt', status: 480 },
  { callId: 'four', peer: 'cove', target: '', status: 403, kind: RecordKind.REFUSED_REQUEST, answer: RecordAnswer.HUB, code: 'not-yours' },
  { callId: '', peer: 'dale', kind: RecordKind.REFUSED_HANDSHAKE, code: 'no-certificate', answer: RecordAnswer.HUB },
  { callId: 'five', peer: 'acme', target: 'bolt', status: 200, answer: RecordAnswer.HUB, method: 'OPTIONS' },
  { callId: 'six'.repeat(100).slice(0, 256), peer: 'elm', target: 'elm', status: 302, answer: RecordAnswer.HUB, code: 'direct' },
];

function batch(): RecordColumns {
  const columns = createRecordReader()(payloadOf(records));
  if (columns === undefined) throw new Error('a batch of our own means nothing');
  return columns;
}

describe('a filter', () => {
  it.each<[string, Partial<typeof emptyFilter>, number[], string[]?]>([
    ['nothing', {}, [0, 1, 2, 3, 4, 5, 6]],
    ['a Call-ID', { callId: 'two' }, [1]],
    ['a part of a Call-ID', { callId: 'tw' }, []],
    ['a Call-ID that was cut', { callId: 'six'.repeat(100) }, [6]],
    ['a member', { member: 'acme' }, [0, 1, 5]],
    ['a sender', { from: 'cove' }, [2, 3]],
    ['a receiver', { to: 'acme' }, [1]],
    ['a member that is only called like a method', { member: 'INVITE' }, []],
    ['a method', { method: 'INVITE' }, [1]],
    ['a code', { code: 'no-certificate' }, [4]],
    ['a status', { status: 404 }, [1]],
    ['statuses', { status: 4 }, [1, 2, 3]],
    ['what was refused', { refused: true }, [1, 3, 4]],
    ['a user, hashed', { user: 'ada@acme.example' }, [0], ['ada@acme.example', '~hash@acme.example']],
    ['a user, whole', { user: 'bob@bolt.example' }, [0], ['bob@bolt.example', '~other@bolt.example']],
    ['a user of whom there is nothing', { user: 'eve@bolt.example' }, [], ['eve@bolt.example']],
    ['a trace', { traceId: '000000000000abcd0000000000000003' }, [2]],
    ['all that is given', { member: 'bolt', status: 4, refused: true }, [1]],
    ['all that is given, which nothing fits', { from: 'acme', to: 'acme' }, []],
  ])('of %s', (_what, given, expected, users = []) => {
    const wanted = wantedBy({ ...emptyFilter, ...given }, users);
    expect(wanted.fitting(batch())).toEqual(expected);
    const bytes = Buffer.from(payloadOf(records));
    if (expected.length > 0) expect(wanted.needles.every((text) => bytes.includes(text))).toBe(true);
  });
});
