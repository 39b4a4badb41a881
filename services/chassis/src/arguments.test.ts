import { describe, expect, it } from 'vitest';
import { readArguments } from './arguments.js';
import { faultFrom } from './fault.js';

describe('the arguments of a service', () => {
  it.each([
    [['--confg', 'x'], 'unknown argument --confg', 'did you mean --config?'],
    [['start'], 'unknown argument start', 'relay --help'],
    [['--config'], '--config needs the path of a file', '--config relay.yaml'],
    [['--config='], '--config needs the path of a file', '--config relay.yaml'],
  ])('%j is refused', (argv, message, cure) => {
    let fault = faultFrom('nothing was thrown');
    try {
      readArguments('relay', argv);
    } catch (thrown) {
      fault = faultFrom(thrown);
    }
    expect(fault).toMatchObject({ code: 'usage', exitCode: 2 });
    expect(fault.message).toContain(message);
    expect(fault.cure).toContain(cure);
  });

  it.each([
    [[], { action: 'run', file: undefined }],
    [['--config', 'a.yaml'], { action: 'run', file: 'a.yaml' }],
    [['--settings'], { action: 'settings' }],
    [['--config=a.yaml', '--check'], { action: 'check', file: 'a.yaml' }],
  ])('%j is read', (argv, asked) => {
    expect(readArguments('relay', argv)).toEqual(asked);
  });

  it('help tells of everything there is', () => {
    const asked = readArguments('relay', ['--config', 'a', '-h']);
    expect(asked.action).toBe('help');
    if (asked.action === 'help')
      for (const name of ['--config', '--check', '--settings', 'SIGTERM', 'Exit codes']) expect(asked.text).toContain(name);
  });
});
