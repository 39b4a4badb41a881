import { OutcomeBatch } from '@guildhall/proto/gen/guildhall/bus/v1/outcome';
import { expect, it } from 'vitest';
import { noCourse } from './course.js';
import { losses } from './failover.js';
import { createOutcomeBatch } from './outcome-batch.js';

const nothing = Buffer.alloc(0);
const told = { lag: 0, heard: 0, heardAge: 0 };

it('names each link in every batch, also the one that was named last in the batch before', () => {
  const batch = createOutcomeBatch({ relay: 'relay-1', epoch: 'e1' });
  const answered = (address: string) => batch.response(1, 200, { ...noCourse, address }, 'head', nothing, 0, 0);
  const links = () => {
    const { link, links: named } = OutcomeBatch.decode(batch.take(told));
    return link.map((one) => named[one - 1] ?? '');
  };
  for (const address of ['one:5061', 'one:5061', 'two:5061', '', 'one:5061']) answered(address);
  expect(links()).toEqual(['one:5061', 'one:5061', 'two:5061', '', 'one:5061']);
  for (const address of ['one:5061', 'two:5061']) answered(address);
  expect(links()).toEqual(['one:5061', 'two:5061']);
  answered('');
  expect(links()).toEqual(['']);
});

it('is never larger than it says, and empty again once it was taken', () => {
  const batch = createOutcomeBatch({ relay: 'relay-1', epoch: 'e1' });
  const before = OutcomeBatch.encode(OutcomeBatch.decode(batch.take(told))).finish().length;
  for (let round = 0; round < 3; round += 1) {
    expect([batch.isEmpty(), batch.bytes()]).toEqual([true, 0]);
    for (let number = 0; number < 500; number += 1) {
      const course = {
        ...noCourse,
        address: `proxy-${number % 50}.example:5061`,
        waited: 0xffff_ffff,
        took: 0xffff_ffff,
        tries: 0xffff_ffff,
      };
      batch.response(0xffff_ffff - number, 699, course, 'head', Buffer.alloc(100), 10, 90);
      batch.gone(number, number % 2 === 0 ? losses.queueFull('bolt') : losses.shut('acme'), course);
    }
    const bytes = batch.bytes();
    expect(batch.take(told).length).toBeLessThanOrEqual(bytes + before + 100);
  }
});
