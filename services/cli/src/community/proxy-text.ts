import { Fault } from '@guildhall/chassis/fault';
import { hostPort } from '@guildhall/chassis/host-port';
import { domainFault, hostFault } from '@guildhall/proto/community/domain';
import type { MemberProxy } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { terminalText } from '../world.js';

const cure = 'write HOST[:PORT][,name=NAME][,priority=N][,weight=N], such as sip.acme.example:5061,priority=2';

function refuse(text: string, why: string): never {
  throw new Fault('usage', `the proxy ${terminalText(text, 200)} ${why}`, { cure, exitCode: 2 });
}

function count(text: string, given: string, least: number): number {
  const value = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN;
  return value >= least && value <= 65_535
    ? value
    : refuse(text, `has ${terminalText(given, 20)} where a number from ${least} to 65535 must stand`);
}

/** Reads a proxy of the command line; IPv6 in brackets, port 5061 unless said. Throws a Fault `usage`. */
export function readProxy(text: string): MemberProxy {
  const [address = '', ...settings] = text.split(',');
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::(\d{1,6}))?$/.exec(address);
  if (match === null) return refuse(text, 'has no address');
  const host = (match[1] ?? match[2] ?? '').toLowerCase();
  const fault = hostFault(host);
  if (fault !== undefined) return refuse(text, `has a host that ${fault}`);
  const proxy: MemberProxy = { host, port: count(text, match[3] ?? '5061', 1), name: '', priority: 1, weight: 1 };
  for (const setting of settings) {
    const [key = '', value = ''] = setting.split('=', 2);
    if (key === 'priority') proxy.priority = count(text, value, 0);
    else if (key === 'weight') proxy.weight = count(text, value, 1);
    else if (key === 'name') {
      const nameFault = domainFault(value);
      if (nameFault !== undefined) return refuse(text, `has a name that ${nameFault}`);
      proxy.name = value;
    } else return refuse(text, `has a setting ${terminalText(setting, 40)} that is unknown`);
  }
  return proxy;
}

/** A proxy as `readProxy` takes it, with what differs from the defaults. */
export function proxyText({ host, port, name, priority, weight }: MemberProxy): string {
  const settings = [
    name === '' ? '' : `name=${name}`,
    priority === 1 ? '' : `priority=${priority}`,
    weight === 1 ? '' : `weight=${weight}`,
  ];
  return [hostPort(host, port), ...settings.filter((text) => text !== '')].join(',');
}

/** What makes two proxies the same one. */
export function proxyKey({ host, port }: Pick<MemberProxy, 'host' | 'port'>): string {
  return hostPort(host, port);
}
