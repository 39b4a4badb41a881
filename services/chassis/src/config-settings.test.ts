import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { count, duration, logConfig, path, section } from './config.js';
import { settingsText } from './config-settings.js';

const schema = z.strictObject({
  key: path(),
  log: logConfig,
  overload: section({
    enabled: z.boolean().default(true),
    target: duration('100ms', '5ms', '5s'),
    retryAfter: section({ from: count(1, 1, 9) }),
  }),
});

describe('the list of settings', () => {
  it('names each as key and as variable, with bounds and default', () => {
    const text = settingsText(schema);
    expect(text).toContain(
      'overload.target  GUILDHALL_OVERLOAD_TARGET\n    a time span such as 250ms, 25s or 3m, between 5ms and 5s; default 100ms\n',
    );
    expect(text).toContain('overload.retryAfter.from  GUILDHALL_OVERLOAD_RETRY_AFTER_FROM\n    a whole number, 1 to 9; default 1\n');
    expect(text).toContain('overload.enabled  GUILDHALL_OVERLOAD_ENABLED\n    true or false; default true\n');
    expect(text).toContain('log.level  GUILDHALL_LOG_LEVEL\n    one of fatal, error');
    expect(text).toContain('key  GUILDHALL_KEY\n    text\n');
  });
});
