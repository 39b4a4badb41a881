import { type ReasonCode, reasons } from '@guildhall/proto/reason';

/** Requests of one member that were answered with the same sentence. */
export interface RefusalNote {
  readonly member: string;
  readonly status: number;
  readonly code: ReasonCode;
  /** As the answer tells it. */
  readonly sentence: string;
  count: number;
}

/** Requests refused or failed here: figures by code, and what the log is told of them. */
export interface Refusals {
  /** One more, of this member. Hot path; an empty sentence stands for that of the reason table. */
  add(member: string, status: number, code: ReasonCode, sentence: string): void;
  /** How many since the start. */
  byCode(): Iterable<readonly [ReasonCode, number]>;
  /** Those since the last call; `others`: how many more there were for which there was no room. */
  take(): { readonly notes: readonly RefusalNote[]; readonly others: number };
}

/** `most` different ones are kept between two calls of `take`: whoever is refused must not fill the log. */
export function createRefusals(most: number): Refusals {
  const totals = new Map<ReasonCode, number>();
  /** By member and sentence. */
  let noted = new Map<string, Map<string, RefusalNote>>();
  let room = most;
  let others = 0;
  return {
    byCode: () => totals,
    add(member, status, code, own) {
      totals.set(code, (totals.get(code) ?? 0) + 1);
      const sentence = own === '' ? reasons[code].about : own;
      const known = noted.get(member);
      const note = known?.get(sentence);
      if (note !== undefined) {
        note.count += 1;
      } else if (room === 0) {
        others += 1;
      } else {
        room -= 1;
        const made = { member, status, code, sentence, count: 1 };
        if (known === undefined) noted.set(member, new Map([[sentence, made]]));
        else known.set(sentence, made);
      }
    },
    take() {
      const taken = { notes: [...noted.values()].flatMap((notes) => [...notes.values()]), others };
      noted = new Map();
      room = most;
      others = 0;
      return taken;
    },
  };
}
