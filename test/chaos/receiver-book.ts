import { numberAt } from '../bench/request-template.js';
import { type Column, countOne, createColumn } from './columns.js';
import type { ReceivedRun } from './party-protocol.js';

/** What a receiver writes down while it answers. */
export interface ReceiverBookkeeping {
  /** A request whose head is text[at, end). */
  heard(text: string, at: number, end: number, now: number): void;
  runs(): readonly ReceivedRun[];
}

interface Run {
  readonly firstAt: Column<Float64Array>;
  readonly branch: Column<Uint32Array>;
  readonly times: Column<Uint8Array>;
  readonly otherBranch: Column<Uint8Array>;
  most: number;
}

const callId = '\r\nCall-ID: ';
const branchParameter = ';branch=';
/** Digits of the number in front of '@' in a Call-ID. */
const digits = 8;

/** Empty books. Requests that no sender of ours made are not written down. */
export function createReceiverBook(): ReceiverBookkeeping {
  const runs = new Map<string, Run>();
  return {
    heard(text, at, end, now) {
      const id = text.indexOf(callId, at) + callId.length;
      if (id < callId.length || id > end) return;
      const number = numberAt(text, id);
      if (number < 0) return;
      const name = text.slice(id + digits + 1, text.indexOf('.', id + digits));
      const run = runs.get(name) ?? newRun(runs, name);
      const branch = topBranch(text, at, end);
      if (number >= run.most) {
        run.most = number + 1;
        for (const column of [run.firstAt, run.branch, run.times, run.otherBranch]) column.reach(number);
      }
      if (run.times.array[number] === 0) {
        run.firstAt.array[number] = now;
        run.branch.array[number] = branch;
      } else if (run.branch.array[number] !== branch) {
        countOne(run.otherBranch.array, number);
        return;
      }
      countOne(run.times.array, number);
    },
    runs: () =>
      [...runs].map(([run, { firstAt, times, otherBranch, most }]) => ({
        run,
        firstAt: firstAt.array.slice(0, most),
        times: times.array.slice(0, most),
        otherBranch: otherBranch.array.slice(0, most),
      })),
  };
}

function newRun(runs: Map<string, Run>, name: string): Run {
  const bytes = (length: number) => new Uint8Array(length);
  const run: Run = {
    firstAt: createColumn((length) => new Float64Array(length)),
    branch: createColumn((length) => new Uint32Array(length)),
    times: createColumn(bytes),
    otherBranch: createColumn(bytes),
    most: 0,
  };
  runs.set(name, run);
  return run;
}

/** A number that stands for the branch of the topmost Via (FNV-1a): equal branches have equal ones. */
function topBranch(text: string, at: number, end: number): number {
  let hash = 0x811c9dc5;
  const start = text.indexOf(branchParameter, at) + branchParameter.length;
  if (start < branchParameter.length || start > end) return hash;
  for (let index = start; index < end; index += 1) {
    const code = text.charCodeAt(index);
    // The end of the parameter, of the value, of the field.
    if (code === 0x3b || code === 0x2c || code === 0x0d || code === 0x20) break;
    hash = Math.imul(hash ^ code, 0x01000193);
  }
  return hash >>> 0;
}
