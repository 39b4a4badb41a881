import { describe, expect, it } from 'vitest';
import { noCourse, noteEnd, noteWriting, type RunningCourse } from './course.js';

const course = (arrivedAt: number): RunningCourse => ({ ...noCourse, arrivedAt, firstAt: 0, lastAt: 0 });

describe('the course of a request', () => {
  it('is whole microseconds from its arrival to the first writing, and from the last one to its end', () => {
    const one = course(1_000.25);
    noteWriting(one, 1_000.5);
    noteWriting(one, 9_000);
    noteEnd(one, 9_012.3456);
    expect(one).toMatchObject({ tries: 2, waited: 250, took: 12_346, firstAt: 1_000.5, lastAt: 9_000 });
  });

  it('that is never written has only waited', () => {
    const one = course(5);
    noteEnd(one, 2_005);
    expect(one).toMatchObject({ tries: 0, waited: 2_000_000, took: 0, firstAt: 0, lastAt: 0 });
  });

  it('stays within its column, whatever the clock does', () => {
    const long = course(0);
    noteWriting(long, 5_000_000);
    noteEnd(long, 4_999_999);
    expect([long.waited, long.took]).toEqual([0xffffffff, 0]);
  });
});
