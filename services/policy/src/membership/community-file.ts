import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Fault } from '@guildhall/chassis/fault';
import { authorityFiles, type CommunityEntries, communityEntries } from '@guildhall/proto/community/entries';
import { inspectCommunity } from '@guildhall/proto/community/file';
import { type Path, type Problem, renderProblem } from '@guildhall/proto/community/problem';
import { authorityFault, pemBytesFault, revocationListFault } from './pem-fault.js';

/** A community file on disk, ready for the bucket. */
export interface LoadedCommunity {
  entries: CommunityEntries;
  /** The PEM files that it names, as written. */
  files: string[];
  /** SHA-256 of all that was read, hex: as `fileDigest`. */
  digest: string;
  /** What is allowed and probably not meant: "<file>:<line>:<column>: ...". */
  warnings: string[];
}

const maxFileBytes = 64 * 1024 * 1024;

/** What a system call failed with, in words. */
function why(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not read it';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return code === '' ? String(thrown) : code;
  }
}

/** A file as UTF-8, or what keeps it from being read. */
function readText(path: string): { text: string } | { fault: string } {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return { fault: 'it is no regular file' };
    if (stats.size > maxFileBytes) return { fault: `it is larger than ${maxFileBytes} bytes` };
    return { text: readFileSync(path, 'utf8') };
  } catch (thrown) {
    return { fault: why(thrown) };
  }
}

function refused(path: string, problems: readonly Problem[]): Fault {
  const heading = problems.length === 1 ? 'the community file has a problem' : `the community file has ${problems.length} problems`;
  return new Fault('community', `${heading}\n${problems.map((problem) => `  ${renderProblem(path, problem)}`).join('\n')}`, {
    cure: `correct what is named above; guildhall check ${path} looks again without starting anything`,
    exitCode: 2,
  });
}

/**
 * Reads a community file and the PEM files of authorities that it names (relative to it). Throws a Fault that names
 * every problem with file, line and column.
 */
export function loadCommunity(path: string): LoadedCommunity {
  const read = readText(path);
  if ('fault' in read) {
    throw new Fault('community-unreadable', `the community file ${path} cannot be read: ${read.fault}`, {
      cure: 'give the path of a readable community file in the setting community',
      exitCode: 2,
    });
  }
  const { file, problems, warnings, problemAt } = inspectCommunity(read.text);
  if (file === undefined) throw refused(path, problems);
  const texts = new Map<string, string>();
  const found: Problem[] = [];
  for (const { file: name, path: at, holds } of authorityFiles(file)) {
    if (texts.has(name)) continue;
    const pem = readText(resolve(dirname(path), name));
    texts.set(name, 'text' in pem ? pem.text : '');
    const fault = 'fault' in pem ? `cannot be read: ${pem.fault}` : pemFault(pem.text, holds);
    if (fault !== undefined) found.push(problemAt(at, `${name} ${fault}`));
  }
  const entries = communityEntries(file, texts);
  const pems: [Path, readonly string[]][] = [
    [['hub', 'trust', 'ca'], entries.community.anchors],
    [['hub', 'trust', 'crl'], entries.community.revocationLists],
    [['community', 'discovery', 'trust', 'ca'], entries.community.discovery?.anchors ?? []],
    ...entries.members.flatMap((member, at): [Path, readonly string[]][] => [
      [['members', at, 'trust', 'ca'], member.anchors],
      [['members', at, 'trust', 'crl'], member.revocationLists],
    ]),
  ];
  for (const [at, texts] of pems) {
    const fault = pemBytesFault(texts) ?? inlineFault(at, texts);
    if (fault !== undefined) found.push(problemAt(at, fault));
  }
  if (found.length > 0) throw refused(path, found);
  const files = [...texts.keys()];
  const digest = digestOf([read, ...[...texts.values()].map((text) => ({ text }))]);
  return { entries, files, digest, warnings: warnings.map((warning) => renderProblem(path, warning)) };
}

function pemFault(text: string, holds: 'certificates' | 'revocation lists'): string | undefined {
  return holds === 'certificates' ? authorityFault(text) : revocationListFault(text);
}

/** PEM texts that stand in the file itself are looked at like those it names. */
function inlineFault(at: Path, pems: readonly string[]): string | undefined {
  const holds = at.at(-1) === 'crl' ? 'revocation lists' : 'certificates';
  return pems.map((pem) => pemFault(pem, holds)).find((fault) => fault !== undefined);
}

type Read = ReturnType<typeof readText>;

function digestOf(reads: readonly Read[]): string {
  const all = createHash('sha256');
  for (const read of reads) all.update('text' in read ? createHash('sha256').update(read.text).digest() : `unreadable ${read.fault}`);
  return all.digest('hex');
}

/** SHA-256, hex, of a community file and the PEM files that it names; what cannot be read counts as something else than any content. */
export function fileDigest(path: string, names: readonly string[]): string {
  return digestOf([path, ...names.map((one) => resolve(dirname(path), one))].map(readText));
}
