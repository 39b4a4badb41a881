import { readFileSync } from 'node:fs';

/** How often the file is looked at, ms of the monotonic clock. */
const every = 100;

/** Replaces Date in this process by one that is as many seconds off as the file says at the moment. */
function shiftDate(file: string): void {
  const True = Date;
  let shift = 0;
  let looked = Number.NEGATIVE_INFINITY;
  const now = (): number => {
    if (performance.now() - looked > every) {
      looked = performance.now();
      shift = Number(readFileSync(file, 'latin1')) * 1000;
    }
    return True.now() + shift;
  };
  globalThis.Date = new Proxy(True, {
    construct: (target, args, wanted) => Reflect.construct(target, args.length === 0 ? [now()] : args, wanted),
    apply: () => new True(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
}

const file = process.env['GUILDHALL_CLOCK_FILE'];
if (file !== undefined) shiftDate(file);
