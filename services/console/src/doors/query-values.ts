import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { didYouMean } from '@guildhall/proto/community/near-miss';
import { quoted } from '@guildhall/proto/community/quoted';

/** How a parameter of an address is written: text, milliseconds since 1970, a number, true or false, or several texts (repeated, or with commas). */
export type ParameterKind = 'text' | 'time' | 'number' | 'flag' | 'texts';

/** The parameters a route takes, by name. */
export type Parameters = Readonly<Record<string, ParameterKind>>;

/** What was given; what was not given is empty, 0 or false. */
export interface QueryValues {
  text(name: string): string;
  time(name: string): bigint;
  number(name: string): number;
  flag(name: string): boolean;
  texts(name: string): string[];
}

const mostValues = 200;
/** Of a name that is not known no more is told. */
const longestName = 40;

/** Reads the part of an address behind "?". Refuses (ApiFault `invalid`) what is unknown, given twice or not of its kind. */
export function readQuery(query: URLSearchParams, parameters: Parameters): QueryValues {
  if (query.size > mostValues) throw new ApiFault('invalid', `More than ${mostValues} parameters were given.`);
  const given = new Map<string, string[]>();
  for (const [name, value] of query) {
    const kind = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (kind === undefined) throw unknown(name, parameters);
    const before = given.get(name) ?? [];
    if (before.length > 0 && kind !== 'texts') throw new ApiFault('invalid', `${name} is given more than once.`);
    if (!fits(value, kind)) throw new ApiFault('invalid', `${name} cannot be read.`, `give ${words[kind]}`);
    given.set(name, [...before, ...(kind === 'texts' ? value.split(',') : [value])]);
  }
  const first = (name: string) => given.get(name)?.[0] ?? '';
  return {
    text: first,
    time: (name) => BigInt(first(name) || 0),
    number: (name) => Number(first(name) || 0),
    flag: (name) => first(name) === 'true',
    texts: (name) => given.get(name) ?? [],
  };
}

const words: Readonly<Record<ParameterKind, string>> = {
  text: 'a text',
  time: 'milliseconds since 1970',
  number: 'a whole number',
  flag: 'true or false',
  texts: 'texts with commas between',
};

function unknown(name: string, parameters: Parameters): ApiFault {
  const hint = didYouMean(name.slice(0, longestName), Object.keys(parameters));
  return new ApiFault('invalid', `The parameter ${quoted(name, longestName)} is not known here${hint}.`, takes(parameters));
}

function takes(parameters: Parameters): string {
  const names = Object.keys(parameters);
  return names.length === 0 ? 'this takes none' : `this takes ${names.join(', ')}`;
}

function fits(value: string, kind: ParameterKind): boolean {
  switch (kind) {
    case 'time':
      return /^\d{1,15}$/.test(value);
    case 'number':
      return /^\d{1,9}$/.test(value);
    case 'flag':
      return value === 'true' || value === 'false';
    case 'text':
    case 'texts':
      // Bytes that are no UTF-8 come as this.
      return !value.includes('\u{fffd}');
  }
}
