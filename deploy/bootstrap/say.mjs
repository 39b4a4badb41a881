/** Talk goes to stderr, one short line at a time; stdout belongs to the data of whatever is run. */
export function say(line) {
  process.stderr.write(`guildhall: ${line}\n`);
}

/** Something the user must mend: shown as a sentence and its cure, never as a stack trace. */
export class Halt extends Error {
  /** @param {string} message @param {string} cure @param {number} exitCode 1 failed, 2 usage, 3 missing dependency, 4 check found problems */
  constructor(message, cure, exitCode) {
    super(message);
    this.cure = cure;
    this.exitCode = exitCode;
  }
}
