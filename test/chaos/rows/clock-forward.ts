import { clockRow } from '../clock-jump.js';

/** The services' wall clock is set an hour ahead. */
export const clockForward = clockRow('clock-forward', 3_600, 'the wall clock of every service jumps an hour ahead');
