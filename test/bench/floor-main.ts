import { obeyOrders } from '../stage/child.js';
import { createFar } from './floor-far.js';

/** The far end of `measureFloor`: a process of its own, so that each end's processor time is known. */
obeyOrders(createFar());
