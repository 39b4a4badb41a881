import { readFileSync } from 'node:fs';

/** What a proxy must do with a message of the corpus; README.md beside this file says what each means. */
export type Duty = 'forward' | 'refuse' | 'drop' | 'close' | 'wait';

export interface CorpusEntry {
  readonly file: string;
  readonly about: string;
  readonly valid: boolean;
  readonly do: Duty;
  readonly section?: string;
  readonly status?: number;
  readonly code?: string;
  readonly by?: 'admit' | 'transactions';
  readonly response?: boolean;
  readonly messages?: number;
  readonly pings?: number;
  readonly fromDomain?: string;
  readonly toDomain?: string;
  readonly uriDomain?: string;
}

const types: Readonly<Record<string, 'string' | 'number' | 'boolean'>> = {
  file: 'string',
  about: 'string',
  valid: 'boolean',
  do: 'string',
  section: 'string',
  status: 'number',
  code: 'string',
  by: 'string',
  response: 'boolean',
  messages: 'number',
  pings: 'number',
  fromDomain: 'string',
  toDomain: 'string',
  uriDomain: 'string',
};
const mandatory = ['file', 'about', 'valid', 'do'];
const duties: readonly string[] = ['forward', 'refuse', 'drop', 'close', 'wait'] satisfies Duty[];

function isEntry(value: unknown): value is CorpusEntry {
  if (typeof value !== 'object' || value === null) return false;
  const fields = Object.entries(value);
  return (
    fields.every(([key, field]) => typeof field === types[key]) &&
    mandatory.every((key) => key in value) &&
    fields.every(([key, field]) => key !== 'do' || duties.includes(String(field))) &&
    fields.every(([key, field]) => key !== 'by' || field === 'admit' || field === 'transactions')
  );
}

/** The folder of the corpus in the source tree, whether this runs from it or from dist. */
export const corpusFolder: URL = new URL(import.meta.url.includes('/dist/') ? '../../corpus/' : './', import.meta.url);

/** Every entry of the manifest. Throws TypeError for one that is not what README.md says. */
export function readCorpus(): CorpusEntry[] {
  const entries: unknown = JSON.parse(readFileSync(new URL('corpus.json', corpusFolder), 'utf8'));
  if (!Array.isArray(entries)) throw new TypeError('corpus.json is no list');
  return entries.map((entry: unknown) => {
    if (!isEntry(entry)) throw new TypeError(`corpus.json has an entry that is none: ${JSON.stringify(entry)}`);
    return entry;
  });
}

/** The octets of an entry. */
export function readEntry(entry: CorpusEntry): Buffer {
  return readFileSync(new URL(entry.file, corpusFolder));
}
