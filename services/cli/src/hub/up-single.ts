import { readConfig } from '@guildhall/chassis/config';
import type { Running } from '@guildhall/chassis/running';
import type { SameProcess } from '@guildhall/chassis/same-process';
import { configSchema as consoleSchema } from '@guildhall/console/config';
import { start as startConsole } from '@guildhall/console/start';
import { configSchema as ingressSchema } from '@guildhall/ingress/config';
import { start as startIngress } from '@guildhall/ingress/start';
import { configSchema as policySchema } from '@guildhall/policy/config';
import { start as startPolicy } from '@guildhall/policy/start';
import { configSchema as relaySchema } from '@guildhall/relay/config';
import { start as startRelay } from '@guildhall/relay/start';
import type { BusService } from './nats-conf.js';

/** Starts one service in this process, with the same configuration file as the child process would get. Ingress and relay speak to each other by `beside`. Throws its Fault. */
export function startInProcess(
  service: BusService,
  file: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
  beside: SameProcess,
): Promise<Running> {
  const sources = { file, env, name: service };
  switch (service) {
    case 'policy':
      return startPolicy(readConfig(policySchema, sources), signal);
    case 'relay':
      return startRelay(readConfig(relaySchema, sources), signal, beside);
    case 'ingress':
      return startIngress(readConfig(ingressSchema, sources), signal, beside);
    case 'console':
      return startConsole(readConfig(consoleSchema, sources), signal);
  }
}
