import type { z } from 'zod';
import { readArguments } from './arguments.js';
import { readConfig } from './config.js';
import { settingsText } from './config-settings.js';
import { type Fault, faultFrom, renderFault } from './fault.js';
import { createLogger, type LogConfig, type Logger } from './log.js';
import type { ReadyMessage, Running, Start } from './running.js';

/** What every service's configuration has. */
export interface ServiceConfig {
  id: string;
  /** Milliseconds a drain may take. */
  drain: number;
  log: LogConfig;
}

/** What a main.ts hands over: the arguments behind the program's name, and the environment. */
export interface Surroundings {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** GUILDHALL_ variables that are not this service's. */
  ignore?: readonly string[];
}

/** Variables of ours that are no setting of a service: where its configuration is, and what the CLI and the bootstrap read. */
const notSettings = [
  'GUILDHALL_CONFIG',
  'GUILDHALL_STATE',
  'GUILDHALL_NATS_SERVER',
  'GUILDHALL_KAMAILIO',
  'GUILDHALL_KAMAILIO_MODULES',
  'GUILDHALL_SIPP',
  'GUILDHALL_NO_FETCH',
];

/** A drain that takes longer than its configuration allows plus this is cut off. */
const drainGraceMs = 3000;
/** Two different signals within this are one wish: Ctrl-C reaches the process from the terminal and from its parent. */
const sameWishMs = 1000;
const orphanMs = 1000;
const lingerMs = 2000;

/**
 * All that a service's main.ts does: `await runService('relay', configSchema, start, { argv: argv.slice(2), env })`. It
 * reads the arguments (--config FILE, --check, --settings, --help) and the configuration, starts, tells a parent over IPC, drains on
 * SIGTERM, SIGINT and when the parent goes away, ends at once on a second signal. A Fault is printed without a stack and
 * ends the process with its exit code; an exception nobody caught ends it with 1 and one line in the log.
 */
export async function runService<C extends ServiceConfig>(
  name: string,
  schema: z.ZodType<C>,
  start: Start<C>,
  { argv, env, ignore = [] }: Surroundings,
): Promise<void> {
  let log: Logger | undefined;
  process.once('uncaughtException', (thrown) => {
    log?.fatal({ err: thrown }, 'unexpected error, ending');
    if (log === undefined) process.stderr.write(`${renderFault(faultFrom(thrown))}\n`);
    process.exit(1);
  });
  try {
    const asked = readArguments(name, argv);
    if (asked.action === 'help') {
      process.stdout.write(asked.text);
      return;
    }
    if (asked.action === 'settings') {
      process.stdout.write(settingsText(schema));
      return;
    }
    const { GUILDHALL_CONFIG: named } = env;
    const file = asked.file ?? (named === '' ? undefined : named);
    const config = readConfig(schema, { name, env, file, ignore: [...ignore, ...notSettings] });
    if (asked.action === 'check') {
      process.stdout.write(`${name}: the configuration is good\n`);
      return;
    }
    log = createLogger(name, config.id, config.log);
    const ending = watchForTheEnd(log, config.drain);
    const running = await start(config, ending.signal).catch((thrown: unknown) => {
      // Told to end before it served: whatever that broke is no failure.
      if (ending.signal.aborted) return undefined;
      throw thrown;
    });
    if (running === undefined) {
      ending.over();
      return;
    }
    ending.serves(running);
    log.info({ addresses: running.addresses }, 'serves');
    await tellParent({ ready: true, service: name, id: running.id, pid: process.pid, addresses: running.addresses });
    await running.closed;
    ending.over();
  } catch (thrown) {
    const fault = faultFrom(thrown);
    if (fault.code === 'unexpected') log?.fatal({ err: thrown }, 'could not start');
    process.stderr.write(`${renderFault(fault)}\n`);
    await tellParent(failure(name, fault));
    process.exit(fault.exitCode);
  }
}

function failure(service: string, { code, message, cure, exitCode }: Fault): ReadyMessage {
  return { ready: false, service, pid: process.pid, fault: { code, message, cure, exitCode } };
}

/** Resolves when the parent has it, at once when there is none; a parent that is gone is not our error. */
function tellParent(message: ReadyMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, {}, () => resolve());
  });
}

/** Turns signals and a lost parent into the abort of one signal, and makes sure that the process ends afterwards. */
function watchForTheEnd(log: Logger, drainMs: number) {
  const controller = new AbortController();
  let running: Running | undefined;
  let first: { signal: string; at: number } | undefined;

  const endWithin = (ms: number): void => {
    setTimeout(() => {
      log.error({ waitingFor: running?.waitingFor?.() }, 'the drain did not end in time, ending');
      process.exit(1);
    }, ms).unref();
  };

  const drain = (why: string): void => {
    log.info({ why }, 'draining');
    const progress = setInterval(() => {
      const waitingFor = running?.waitingFor?.() ?? '';
      if (waitingFor !== '') log.info({ waitingFor }, 'still draining');
    }, 1000);
    progress.unref();
    endWithin(drainMs + drainGraceMs);
    controller.abort();
  };

  const onSignal = (signal: string): void => {
    if (first === undefined) {
      first = { signal, at: performance.now() };
      drain(signal);
    } else if (signal === first.signal || performance.now() - first.at > sameWishMs) {
      log.warn({ waitingFor: running?.waitingFor?.() }, 'second signal, ending at once');
      process.exit(1);
    }
  };
  const onOrphaned = (): void => {
    if (first !== undefined) {
      endWithin(orphanMs);
      return;
    }
    first = { signal: 'disconnect', at: performance.now() };
    endWithin(orphanMs);
    drain('the parent process is gone');
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  if (process.connected) process.once('disconnect', onOrphaned);

  return {
    signal: controller.signal,
    serves(service: Running): void {
      running = service;
    },
    /** The service has closed: lets go of the parent; what still holds the process is cut off soon. */
    over(): void {
      log.info('ended');
      process.off('disconnect', onOrphaned);
      if (process.connected) process.disconnect();
      process.exitCode = 0;
      setTimeout(() => {
        log.warn('something still holds the process after its end, ending');
        process.exit(0);
      }, lingerMs).unref();
    },
  };
}
