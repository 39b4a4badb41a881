import type { TurnedAwayConnection } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import type { ApiOptions } from '../api/api-options.js';
import { withHub } from '../api/with-hub.js';
import { runningHub, stateFolder, usualState } from '../hub/state-folder.js';
import type { World } from '../world.js';
import { type Finding, isCloseReason } from './doctor-findings.js';

/** How the hub's API is reached, where it is. */
export interface AskHub {
  readonly state?: string;
  readonly api?: string;
  readonly apiCa?: string;
  readonly ca?: string;
  readonly hubName?: string;
  readonly tokenFile?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly member?: string;
}

const step = 'the hub says';
/** The hub's services tell of refusals a few times a second. */
const looks = { times: 20, everyMs: 150 } as const;

/** Undefined where there is no API to ask. */
function apiOptions(options: AskHub, world: World): ApiOptions | undefined {
  const { state, api, tokenFile, certificate, key } = options;
  const token = tokenFile === undefined ? {} : { tokenFile };
  if (api === undefined) {
    const known = runningHub(stateFolder(state ?? usualState(world.env)));
    return known === undefined ? undefined : { ...(state === undefined ? {} : { state }), ...token };
  }
  const ca = options.apiCa ?? options.ca;
  const own = tokenFile === undefined && certificate !== undefined && key !== undefined ? { certificate, key } : {};
  const name = options.hubName === undefined ? {} : { hubName: options.hubName };
  return { hub: api, ...(ca === undefined ? {} : { ca }), ...name, ...token, ...own };
}

/** The domains of the member that the options name, as the hub has them; none where it cannot be asked. */
export async function memberDomains(options: AskHub, world: World): Promise<readonly string[]> {
  const access = apiOptions(options, world);
  const { member } = options;
  if (access === undefined || member === undefined) return [];
  try {
    const { members } = await withHub(access, world, (api) => api.admin.getMembership({ version: 0n }));
    return members.find(({ id }) => id === member)?.domains ?? [];
  } catch {
    return [];
  }
}

/** What the hub has noted about the connection from `source`, should its API say. */
export async function askTurnedAway(source: string, options: AskHub, world: World): Promise<Finding[]> {
  const access = apiOptions(options, world);
  if (access === undefined) {
    const said = 'its API was not asked: give --api, or run this where the hub runs; guildhall refusals tells operators the same';
    return [{ step, state: 'unknown', said }];
  }
  try {
    const found = await withHub(access, world, async (api) => {
      for (let time = 0; time < looks.times; time += 1) {
        const { connections } = await api.admin.listTurnedAway({ member: '', source, limit: 1 });
        if (connections[0] !== undefined) return connections[0];
        await new Promise((resolve) => setTimeout(resolve, looks.everyMs));
      }
      return undefined;
    });
    return [found === undefined ? { step, state: 'unknown', said: `it has noted nothing about ${source}` } : told(found)];
  } catch (thrown) {
    return [refusedBy(thrown)];
  }
}

/** The API turns away who shows a certificate for the same reasons as a listener does: such a refusal is the answer itself. */
export function refusedBy(thrown: unknown): Finding {
  const message = thrown instanceof Error ? thrown.message : 'its API did not answer';
  const cure = 'ask the operator of the hub';
  const nobody = /The client certificate does not help: (.{1,200})\.$/.exec(message)?.[1];
  if (nobody !== undefined) return { step, state: 'problem', said: `this certificate lets nobody in: ${nobody}`, cure };
  const barred = /^(Member \S+ is (?:pending|suspended|quarantined|not active)\b.*?)\.?$/.exec(message)?.[1];
  return barred === undefined ? { step, state: 'unknown', said: message } : { step, state: 'problem', said: barred, cure };
}

function told({ reason, about, cure, detail, member }: TurnedAwayConnection): Finding {
  return {
    step,
    state: 'problem',
    said: `${about.replace(/\.$/, '')}${detail === '' ? '' : ` (${detail})`}${member === '' ? '' : `, as ${member}`}`,
    cure,
    ...(isCloseReason(reason) ? { reason } : {}),
  };
}
