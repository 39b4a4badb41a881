import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { didYouMean } from '@guildhall/proto/community/near-miss';
import { quoted } from '@guildhall/proto/community/quoted';
import type {
  GetCallRequest,
  QueryTrafficRequest,
  RecordFilter,
  SearchRecordsRequest,
} from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import { closeReasons, reasons } from '@guildhall/proto/reason';
import { recordMethods } from '@guildhall/proto/records/record-methods';

/** Members that may be named in one request. */
const mostMembers = 100;
/** The most records of one search. */
export const mostRecords = 10_000;
/** The longest that anything fits, in characters: what is longer finds nothing. */
const longest = { callId: 256, user: 512, member: 63, method: 64, code: 64, traceId: 32 } as const;

const resolutions: readonly bigint[] = [0n, 1000n, 60_000n, 3_600_000n];
/** The year 5138: beyond it milliseconds are something else. */
const latest = 100_000_000_000_000n;

/** The half of a caller that is a member; undefined: sees everything. */
export type Half = string | undefined;

const invalid = (message: string, cure = '') => new ApiFault('invalid', message, cure);

/** Whose figures are asked for: a member asks for its own. Throws an ApiFault. */
export function checkedMembers(members: readonly string[], half: Half): string[] {
  if (members.length > mostMembers) throw invalid(`More than ${mostMembers} members are named.`, 'name none to get all');
  for (const member of members) checkLength('members', member, longest.member);
  if (members.includes('')) throw invalid('A member is named by an empty text.', 'name none to get all');
  if (half === undefined) return [...new Set(members)];
  const other = members.find((member) => member !== half);
  if (other !== undefined) throw notYours(half);
  return [half];
}

/** A filter that can fit something, cut to the member's half. Throws an ApiFault. */
export function checkedFilter(given: RecordFilter | undefined, half: Half): RecordFilter {
  const filter = given ?? emptyFilter;
  const { callId, user, member, from, to, method, code, status, traceId } = filter;
  checkLength('callId', callId, longest.callId);
  checkLength('user', user, longest.user);
  for (const [name, value] of Object.entries({ member, from, to })) checkLength(name, value, longest.member);
  checkLength('method', method, longest.method);
  checkLength('code', code, longest.code);
  // What has none of these stands for nobody in any record.
  if (user !== '' && !/[@.]|^tel:/i.test(user))
    throw invalid(`${quoted(user)} is no address of a user.`, 'write it as alice@acme.example, or tel:+...');
  checkMethod(method);
  checkCode(code);
  if (traceId !== '' && !/^[0-9a-f]{32}$/.test(traceId)) throw invalid('traceId is no trace id.', 'give 32 of 0-9 a-f');
  if (!(status === 0 || (status >= 1 && status <= 6) || (status >= 100 && status <= 699))) {
    throw invalid(`status ${status} is none.`, 'give a status such as 404, or 4 for all of 4xx');
  }
  if (half === undefined) return filter;
  if (member !== '' && member !== half) throw notYours(half);
  if (from !== '' && to !== '' && from !== half && to !== half) throw notYours(half);
  return { ...filter, member: half };
}

/** Throws an ApiFault. */
export function checkedSearch(given: SearchRecordsRequest, half: Half): SearchRecordsRequest {
  const { since, until, limit } = given;
  checkSpan('since', since, until);
  if (limit > mostRecords) throw invalid(`limit ${limit} is more than ${mostRecords}.`, 'search again from the time of the last one');
  return { filter: checkedFilter(given.filter, half), since, until, limit };
}

/** Throws an ApiFault. */
export function checkedQuery(given: QueryTrafficRequest, half: Half): QueryTrafficRequest {
  const { from, until, resolution, members } = given;
  checkSpan('from', from, until);
  if (!resolutions.includes(resolution)) throw invalid(`resolution ${resolution} is none.`, 'give 1000, 60000, 3600000 (ms), or 0');
  return { from, until, resolution, members: checkedMembers(members, half) };
}

/** Throws an ApiFault. */
export function checkedCall({ callId, since }: GetCallRequest): GetCallRequest {
  if (callId === '') throw invalid('callId is missing.', 'give the Call-ID of the call');
  checkLength('callId', callId, longest.callId);
  checkSpan('since', since, 0n);
  return { callId, since };
}

const emptyFilter: RecordFilter = {
  callId: '',
  user: '',
  member: '',
  from: '',
  to: '',
  method: '',
  code: '',
  status: 0,
  refused: false,
  traceId: '',
};

const methods: readonly string[] = recordMethods.filter((method) => method !== 'ACK' && method !== 'CANCEL');
const codes: readonly string[] = [...Object.keys(reasons), ...Object.keys(closeReasons)];

function checkMethod(method: string): void {
  if (method === '' || methods.includes(method)) return;
  const hint = didYouMean(method, methods);
  if (method === 'ACK' || method === 'CANCEL') throw invalid(`No record is made of ${method}.`, 'ask for INVITE, or by the Call-ID');
  throw invalid(`Records do not tell the method ${quoted(method)} by name${hint}.`, `name one of ${methods.join(', ')}`);
}

function checkCode(code: string): void {
  if (code === '' || codes.includes(code)) return;
  throw invalid(`There is no reason ${quoted(code)}${didYouMean(code, codes)}.`, 'guildhall reason list shows all of them');
}

function checkLength(name: string, value: string, most: number): void {
  if (value.length > most) throw invalid(`${name} is longer than ${most} characters.`);
}

function checkSpan(name: string, from: bigint, until: bigint): void {
  if (from > latest || until > latest) throw invalid('A time lies too far ahead.', 'give times in milliseconds since 1970');
  if (until !== 0n && from > until) throw invalid(`${name} is later than until.`);
}

function notYours(half: string): ApiFault {
  return new ApiFault('denied', `Member ${half} sees its own half only.`, `leave the member out, or name ${half} as one side`);
}
