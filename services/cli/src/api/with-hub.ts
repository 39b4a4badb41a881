import type { World } from '../world.js';
import { apiAccess } from './api-access.js';
import type { ApiOptions } from './api-options.js';
import type { HubApi } from './hub-api.js';

/** Opens the API that the options name, does something with it and closes it. Throws a Fault. */
export async function withHub<Result>(options: ApiOptions, world: World, act: (api: HubApi) => Promise<Result>): Promise<Result> {
  const access = apiAccess(options, world);
  // Loaded only here: gRPC and the generated code cost every other command, help included, a tenth of a second.
  const { openHubApi } = await import('./hub-api.js');
  const api = openHubApi(access);
  try {
    return await act(api);
  } finally {
    api.close();
  }
}
