import { describe, expect, it } from 'vitest';
import { importsOf, isTest, linesMatching, read, sources } from './sources.js';

const production = sources().filter((path) => !isTest(path) && path.endsWith('.ts'));
const inside = (folder: string) => production.filter((path) => path.startsWith(`${folder}/`));

/** Every import of `paths` for which `forbidden` holds, as "path -> module". */
function offences(paths: readonly string[], forbidden: (module: string, path: string) => boolean): string[] {
  return paths.flatMap((path) =>
    importsOf(path)
      .filter((module) => forbidden(module, path))
      .map((module) => `${path} -> ${module}`),
  );
}

describe('who may import what', () => {
  it('proto imports nothing of ours, no sockets, timers, environment or logging', () => {
    const rim = /^(node:|pino|@nats-io|@opentelemetry|@guildhall)/;
    expect(offences(inside('proto'), (module) => rim.test(module))).toEqual([]);
    expect(linesMatching(inside('proto'), /\b(setTimeout|setInterval|setImmediate|process\.env|Date\.now|Math\.random)\b/)).toEqual([]);
  });

  it('chassis imports only proto, and nothing of SIP', () => {
    expect(
      offences(inside('services/chassis'), (module) => module.startsWith('@guildhall/') && !module.startsWith('@guildhall/proto/')),
    ).toEqual([]);
    expect(offences(inside('services/chassis'), (module) => module.startsWith('@guildhall/proto/sip/'))).toEqual([]);
  });

  it('services never import each other', () => {
    for (const service of ['ingress', 'policy', 'relay', 'console']) {
      const others = ['ingress', 'policy', 'relay', 'console', 'cli'].filter((name) => name !== service);
      expect(offences(inside(`services/${service}`), (module) => others.some((name) => module.startsWith(`@guildhall/${name}/`)))).toEqual(
        [],
      );
    }
  });

  it('the CLI takes only how to start and configure a service, and only in `up`', () => {
    const allowed = /^@guildhall\/(ingress|policy|relay|console)\/(start|config)$/;
    const services = /^@guildhall\/(ingress|policy|relay|console)\//;
    expect(offences(inside('services/cli'), (module) => services.test(module) && !allowed.test(module))).toEqual([]);
    const importers = inside('services/cli').filter((path) => importsOf(path).some((module) => services.test(module)));
    expect(importers.filter((path) => !/\/src\/hub\/up[a-z-]*\.ts$/.test(path))).toEqual([]);
  });

  it('nothing reaches into a package but by the files it exports', () => {
    expect(offences(sources(), (module) => /^@guildhall\/[a-z]+\/(dist|src)\//.test(module))).toEqual([]);
    expect(
      offences(inside('services'), (module, path) => module.startsWith('../') && !path.slice('services/'.length).includes('/src/')),
    ).toEqual([]);
  });

  it('the pure hearts import no node: module and read no clock', () => {
    const hearts = [
      'services/ingress/src/admit.ts',
      'services/ingress/src/peer.ts',
      'services/ingress/src/server-transaction.ts',
      'proto/check-fit.ts',
      'services/ingress/src/body-facts.ts',
      'services/ingress/src/rule-checks.ts',
      'services/policy/src/decision/compile-rules.ts',
      'services/policy/src/decision/compile.ts',
      'services/policy/src/decision/decide.ts',
      'services/policy/src/decision/hear-rules.ts',
      'services/policy/src/decision/membership.ts',
      'services/policy/src/decision/rule-time.ts',
      'services/relay/src/client-transaction.ts',
      'services/relay/src/link.ts',
      'services/relay/src/rewrite.ts',
      'services/relay/src/targets.ts',
      'services/chassis/src/rendezvous.ts',
      'services/console/src/fold/account.ts',
      'services/console/src/fold/book.ts',
      'services/console/src/fold/fold.ts',
      'services/console/src/fold/frame.ts',
      'services/console/src/fold/losses.ts',
      'services/console/src/fold/minutes.ts',
      'services/console/src/fold/parts.ts',
      'services/console/src/fold/reasons.ts',
      'services/console/src/fold/sampling.ts',
      'services/console/src/fold/totals.ts',
      'services/console/src/fold/traffic.ts',
      'services/console/src/record-filter.ts',
      'services/console/src/reports.ts',
      'services/console/src/status.ts',
      'services/console/src/doors/own-half.ts',
      'services/console/src/doors/query-values.ts',
      'services/console/src/doors/request-checks.ts',
    ];
    expect(hearts.filter((path) => !production.includes(path))).toEqual([]);
    expect(offences(hearts, (module) => module.startsWith('node:') || /chassis\/(bus|clock|turn|log|meters)/.test(module))).toEqual([]);
    expect(linesMatching(hearts, /\b(Date\.now|new Date\(\)|Math\.random|performance\.now|setTimeout|setImmediate|setInterval)\b/)).toEqual(
      [],
    );
  });
});

describe('who may say what', () => {
  it('only subjects.ts spells a subject', () => {
    expect(
      linesMatching(production, /gh\.v1/).filter((at) => !at.startsWith('proto/subjects.ts') && !/^\s*(\*|\/\/)/.test(lineAt(at))),
    ).toEqual([]);
  });

  it('only main.ts reads the environment and the arguments', () => {
    expect(linesMatching(production, /process\.(env|argv)\b/).filter((at) => !/\/src\/main\.ts:/.test(at))).toEqual([]);
  });

  it('only main.ts and the one file about processes end a process', () => {
    expect(linesMatching(production, /process\.exit\(/).filter((at) => !/\/src\/(main|process)\.ts:/.test(at))).toEqual([]);
  });

  it('only events.ts makes instruments in a service', () => {
    const services = ['ingress', 'policy', 'relay', 'console'].flatMap((name) => inside(`services/${name}`));
    expect(
      linesMatching(services, /\.(counter|gauge|histogram)\(/).filter((at) => !/\/src\/([a-z-]+\/)?([a-z-]+-)?events\.ts:/.test(at)),
    ).toEqual([]);
  });

  it('a wildcard or a literal 5061 address never stands in for configuration', () => {
    expect(linesMatching(production, /'0\.0\.0\.0'/)).toEqual([]);
  });
});

function lineAt(at: string): string {
  const [path = '', line = '1'] = at.split(':');
  return read(path).split('\n')[Number(line) - 1] ?? '';
}
