import { createRequire } from 'node:module';
import { isatty } from 'node:tty';
import { destination, type Logger as PinoLogger, pino, stdSerializers, stdTimeFunctions } from 'pino';
import type { PrettyOptions, PrettyStream } from 'pino-pretty';

/** A pino logger. Never hand it a secret, a message body, or text of a peer that was not made printable. */
export type Logger = PinoLogger;

/** `pretty` 'auto' is pretty on a terminal and JSON everywhere else. */
export interface LogConfig {
  level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  pretty: boolean | 'auto';
  /** Default stdout; stderr where stdout belongs to data. */
  stream?: 'stdout' | 'stderr' | undefined;
}

/** Keys that hold a secret wherever they turn up, should an object be logged that has one. */
const secrets = ['password', 'secret', 'token', 'privateKey'].flatMap((name) => [name, `*.${name}`]);

/**
 * A logger to stdout (or stderr); every line carries `service` and `id`. JSON lines have the time in ISO 8601, the level
 * as a word, and an error's stack under `err.stack`; pretty ones leave stacks out unless the level is debug or trace.
 * A reader that does not read costs at most 4 MiB of memory, then lines are dropped: logging never stops the hub.
 */
export function createLogger(service: string, id: string, config: LogConfig): Logger {
  const fd = config.stream === 'stderr' ? 2 : 1;
  const forPeople = config.pretty === 'auto' ? isatty(fd) : config.pretty;
  const withStack = !forPeople || config.level === 'debug' || config.level === 'trace';
  const output = destination({ fd, sync: false, maxLength: 4 * 1024 * 1024 });
  const options = {
    level: config.level,
    base: { service, id },
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: secrets, censor: '(secret)' },
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: withStack ? stdSerializers.err : withoutStack },
  };
  if (!forPeople) return pino(options, output);
  // Loaded only here: it costs a third of a service's start.
  const pretty: (options: PrettyOptions) => PrettyStream = createRequire(import.meta.url)('pino-pretty');
  const stream = pretty({
    destination: output,
    colorize: isatty(fd),
    translateTime: 'SYS:HH:MM:ss.l',
    messageFormat: '{service}/{id} {msg}',
    ignore: 'service,id',
    singleLine: true,
  });
  return pino(options, stream);
}

function withoutStack(error: Error): unknown {
  if (!(error instanceof Error)) return error;
  return { type: error.name, message: error.message, ...('code' in error ? { code: error.code } : {}) };
}
