import { clockRow } from '../clock-jump.js';

/** The services' wall clock is set back by an hour. */
export const clockBack = clockRow('clock-back', -3_600, 'the wall clock of every service jumps an hour back');
