import type { Shape } from './linear.js';
import { busShapes } from './shapes-bus.js';
import { communityShapes } from './shapes-community.js';
import { sipShapes } from './shapes-sip.js';

/** Every shape that is measured. */
export const shapes: readonly Shape[] = [...sipShapes, ...busShapes, ...communityShapes];
