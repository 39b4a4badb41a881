import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['proto/**/*.test.ts', 'services/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // Most of a run is waiting for processes to start and sockets to open.
    maxWorkers: 4,
    // Files share a worker's modules, which keep no state between them: to load them for each file takes a quarter of the run.
    isolate: false,
    // These end what has failed already; on a busy machine what is waited for may take its time.
    testTimeout: 60_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
