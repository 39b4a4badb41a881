import { answererDomain, hubDomain, openCredentials, senderDomain } from '../bench/credentials.js';
import { startLoadChild } from '../bench/load-child.js';
import type { LoadResult } from '../bench/tally.js';
import { openSafe } from '../stage/certificates.js';
import { startHub } from '../stage/hub.js';
import { memberCertificate } from '../stage/identities.js';
import { type Resident, residentOf } from './hub-processes.js';
