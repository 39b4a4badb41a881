import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

/** Runs code with a logger that is made from `config` in a process of its own, since a logger owns stdout. */
function logged(config: string, code: string): { out: string; err: string } {
  const program = `
    import { createLogger } from '${new URL('../dist/log.js', import.meta.url).href}';
    const log = createLogger('relay', 'r1', ${config});
    ${code}
    process.exit(0);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  return { out: stdout, err: stderr };
}

describe('a log line', () => {
  it('never shows what is secret', () => {
    const { out } = logged(
      "{ level: 'info', pretty: 'auto' }",
      "log.info({ nats: { user: 'u', password: 'abc' }, secret: 'abc', token: 'abc' }, 'x');",
    );
    expect(out).not.toContain('abc');
    expect(JSON.parse(out)).toMatchObject({ nats: { user: 'u', password: '(secret)' }, secret: '(secret)' });
  });

  it('is JSON where there is no terminal, and is there though the process ends at once', () => {
    const { out } = logged("{ level: 'info', pretty: 'auto' }", "log.debug('no'); log.warn({ member: 'acme' }, 'yes');");
    expect(JSON.parse(out)).toMatchObject({ level: 'warn', service: 'relay', id: 'r1', member: 'acme', msg: 'yes' });
    expect(JSON.parse(out)).toHaveProperty('time', expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/));
  });

  it('carries the stack of an error in JSON, none for people, unless they debug', () => {
    const code = "log.error({ err: Object.assign(new TypeError('boom'), { code: 'EBOOM' }) }, 'broke');";
    expect(JSON.parse(logged("{ level: 'info', pretty: false }", code).out)).toMatchObject({
      err: { message: 'boom', stack: expect.stringContaining('at ') },
    });
    const pretty = logged("{ level: 'info', pretty: true }", code).out;
    expect(pretty).toContain('relay/r1 broke');
    expect(pretty).toContain('EBOOM');
    expect(pretty).not.toMatch(/ at file:/);
    expect(logged("{ level: 'debug', pretty: true }", code).out).toMatch(/at file:/);
  });

  it('goes to stderr when told so, and nowhere when silent', () => {
    const other = logged("{ level: 'info', pretty: false, stream: 'stderr' }", "log.info('x');");
    expect([other.out, JSON.parse(other.err).msg]).toEqual(['', 'x']);
    expect(logged("{ level: 'silent', pretty: true }", "log.fatal('x');")).toEqual({ out: '', err: '' });
  });
});
