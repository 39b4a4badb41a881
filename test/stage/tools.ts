import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FaketimeTool, KamailioTool, Tool } from '../../deploy/tools.mjs';
import { checkoutRoot } from './checkout.js';

/** nats-server as `deploy/tools.mjs` finds it. Rejects with a cure when there is none. */
export async function natsServerTool(): Promise<Tool> {
  const found = (await finders()).findNatsServer();
  if (found === undefined) throw new Error('nats-server is missing: `npm test` at the root fetches it');
  return found;
}

/** Kamailio, or undefined where it cannot be had: then the stories that need it are skipped by name. */
export async function kamailioTool(): Promise<KamailioTool | undefined> {
  return (await finders()).findKamailio();
}

/** SIPp, or undefined where it cannot be had. */
export async function sippTool(): Promise<Tool | undefined> {
  return (await finders()).findSipp();
}

/** promtool, or undefined where it is not installed. */
export async function promtoolTool(): Promise<Tool | undefined> {
  return (await finders()).findPromtool();
}

/** faketime, or undefined where it cannot be had. With `say` it is fetched if need be, and `say` is told why it cannot be. */
export async function faketimeTool(say?: (line: string) => void): Promise<FaketimeTool | undefined> {
  const { findFaketime, provide } = await finders();
  const provision = say === undefined ? undefined : provide('faketime', say);
  if (provision?.kind === 'missing') say?.(`faketime: ${provision.cause}; cure: ${provision.cure}`);
  return findFaketime();
}

/** Found from the root, because the stage runs from its sources and compiled. */
function finders(): Promise<typeof import('../../deploy/tools.mjs')> {
  return import(pathToFileURL(join(checkoutRoot(), 'deploy', 'tools.mjs')).href);
}
