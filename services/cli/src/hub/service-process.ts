import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Fault } from '@guildhall/chassis/fault';
import { type LogLevel, lineCutter } from './log-stream.js';
import type { BusService } from './nats-conf.js';

/** A service as a child process that is kept alive. */
export interface ServiceProcess {
  /** "host:port" by name, as the service told. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Of the process that runs now; undefined between two. */
  pid(): number | undefined;
  /** Asks it to drain and waits until it has ended. */
  stop(): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

/** What a service process is started with, and who is told what it writes and how it fares. */
export interface ServiceProcessOptions {
  readonly service: BusService;
  readonly configFile: string;
  readonly env: Readonly<Record<string, string>>;
  /** Takes each line it writes. */
  line(text: string): void;
  log(level: LogLevel, message: string): void;
}

type Ready = { readonly kind: 'ready'; readonly addresses: Record<string, string> } | { readonly kind: 'fault'; readonly fault: Fault };

const firstPause = 200;
const longestPause = 10_000;
/** A service that lived so long had started well: its next end counts as the first again. */
const provenAfter = 30_000;

function texts(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Reads the one message a service sends its parent (chassis' ReadyMessage). */
function readReady(message: unknown): Ready | undefined {
  if (typeof message !== 'object' || message === null || !('ready' in message)) return undefined;
  if (message.ready === true) return { kind: 'ready', addresses: 'addresses' in message ? texts(message.addresses) : {} };
  const told: Record<string, unknown> =
    'fault' in message && typeof message.fault === 'object' && message.fault !== null ? { ...message.fault } : {};
  const exit = told['exitCode'];
  return {
    kind: 'fault',
    fault: new Fault(String(told['code'] ?? 'unexpected'), String(told['message'] ?? 'a service did not start'), {
      cure: String(told['cure'] ?? 'look at the log above'),
      exitCode: exit === 2 || exit === 3 || exit === 4 ? exit : 1,
    }),
  };
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}

/** Where a service's program is. */
function programOf(service: BusService): string {
  return fileURLToPath(import.meta.resolve(`@guildhall/${service}/main`));
}

/** Starts a service and resolves once it serves; from then on it is started again whenever it ends. Throws its Fault on a bad start. */
export async function startServiceProcess(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const { service, log } = options;
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopping = false;
  let pause = firstPause;
  let resolveStopped = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    resolveStopped = resolve;
  });

  /** One life of the process. `told` hears once: that it serves, or why it does not. */
  function live(told: (ready: Ready) => void): void {
    const born = performance.now();
    // Detached: Ctrl-C reaches us alone and we drain the services in order; they end by themselves when we are gone.
    const process = fork(programOf(service), ['--config', options.configFile], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...options.env },
    });
    child = process;
    let ready: Ready | undefined;
    const complaints: string[] = [];
    process.stdout?.on('data', lineCutter(options.line));
    process.stderr?.on(
      'data',
      lineCutter((line) => {
        complaints.push(line);
        if (complaints.length > 20) complaints.shift();
        // The Fault of a bad start is told by IPC; shown here too it would stand there twice.
        if (ready !== undefined) options.line(line);
      }),
    );
    process.on('message', (message) => {
      ready ??= readReady(message);
      if (ready !== undefined) told(ready);
    });
    process.on('error', (error) => complaints.push(error.message));
    process.on('exit', (code, signal) => {
      child = undefined;
      if (ready === undefined) {
        const message = `${service} ended before it served (${describeEnd(code, signal)})${complaints.length > 0 ? `:\n  ${complaints.join('\n  ')}` : ''}`;
        told({
          kind: 'fault',
          fault: new Fault('service-died', message, { cure: 'look at what it says above; npm run build makes the programs anew' }),
        });
      }
      if (stopping) resolveStopped();
      else if (started) again(describeEnd(code, signal), performance.now() - born);
    });
  }

  function again(how: string, lived: number): void {
    if (lived > provenAfter) pause = firstPause;
    log('error', `${service} ended (${how}); starting it again in ${pause} ms`);
    timer = setTimeout(() => {
      live((ready) => {
        if (ready.kind === 'ready') log('info', `${service} serves again`);
        else log('error', `${service}: ${ready.fault.message}; cure: ${ready.fault.cure}`);
      });
    }, pause);
    pause = Math.min(pause * 2, longestPause);
  }

  let started = false;
  const first = await new Promise<Ready>(live);
  if (first.kind === 'fault') {
    stopping = true;
    child?.kill('SIGKILL');
    throw first.fault;
  }
  started = true;

  return {
    addresses: first.addresses,
    pid: () => child?.pid,
    async stop() {
      stopping = true;
      clearTimeout(timer);
      if (child === undefined) return;
      child.kill('SIGTERM');
      await stopped;
    },
    kill() {
      stopping = true;
      clearTimeout(timer);
      child?.kill('SIGKILL');
    },
  };
}
