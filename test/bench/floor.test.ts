import { expect, it } from 'vitest';
import { renderFloor } from './floor.js';

it('the floor is a table with a cell for each end that there is', () => {
  const table = renderFloor([
    { name: 'write to /dev/null', per: 'call', near: 0.561 },
    { name: 'NATS, 10 of 600 B a message', per: 'request', near: 1.09, far: 0.6349, between: 1.4 },
  ]);
  const [heading, call, request] = table.split('\n').map((line) => line.trim().split(/\s{2,}/));
  expect(heading).toEqual(['µs of CPU', 'writer', 'reader', 'nats']);
  expect(call).toEqual(['write to /dev/null, per call', '0.56']);
  expect(request).toEqual(['NATS, 10 of 600 B a message, per request', '1.09', '0.63', '1.40']);
});
