import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Fault } from '@guildhall/chassis/fault';
import { authorityFiles, type CommunityEntries, communityEntries, splitCertificates } from '@guildhall/proto/community/entries';
import { inspectCommunity } from '@guildhall/proto/community/file';
import { type Problem, renderProblem } from '@guildhall/proto/community/problem';

/** A community file on disk, ready for the bucket. */
export interface LoadedCommunity {
  entries: CommunityEntries;
  /** Absolute paths of all that was read: the file itself and the PEM files it names. */
  files: string[];
  /** What is allowed and probably not meant: "<file>:<line>:<column>: ...". */
  warnings: string[];
}

/** All authorities of one member, or of the community, bytes: they travel together in one page to ingress. */
const maxAuthorityBytes = 128 * 1024;
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

/** What keeps a PEM text from being a list of authorities, or undefined. */
function authorityFault(text: string): string | undefined {
  const certificates = splitCertificates(text);
  if (certificates.length === 0) return 'has no certificate in PEM form';
  for (const [at, certificate] of certificates.entries()) {
    try {
      if (!new X509Certificate(certificate).ca) return `has a certificate (number ${at + 1}) that is no authority's (CA:TRUE)`;
    } catch {
      return `has a certificate (number ${at + 1}) that cannot be read`;
    }
  }
  return undefined;
}

function authorityBytes(pems: readonly string[]): number {
  return pems.reduce((sum, pem) => sum + pem.length, 0);
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
  for (const authority of authorityFiles(file)) {
    if (texts.has(authority.file)) continue;
    const pem = readText(resolve(dirname(path), authority.file));
    texts.set(authority.file, 'text' in pem ? pem.text : '');
    const fault = 'fault' in pem ? `cannot be read: ${pem.fault}` : authorityFault(pem.text);
    if (fault !== undefined) found.push(problemAt(authority.path, `${authority.file} ${fault}`));
  }
  const entries = communityEntries(file, texts);
  const tooLarge = `names more than ${maxAuthorityBytes} bytes of certificates`;
  if (authorityBytes(entries.community.anchors) > maxAuthorityBytes) found.push(problemAt(['hub', 'trust', 'ca'], tooLarge));
  entries.members.forEach((member, at) => {
    if (authorityBytes(member.anchors) > maxAuthorityBytes) found.push(problemAt(['members', at, 'trust', 'ca'], tooLarge));
  });
  if (found.length > 0) throw refused(path, found);
  const files = [path, ...[...texts.keys()].map((name) => resolve(dirname(path), name))];
  return { entries, files, warnings: warnings.map((warning) => renderProblem(path, warning)) };
}
