import { openPath } from './path.js';

/** The far end of a silent way, inside of a network namespace: takes connections on this address and leads them through a socket of the file system. */
async function main([host, door]: readonly string[]): Promise<void> {
  if (host === undefined || door === undefined) throw new Error('silence-main <address> <socket>');
  const path = await openPath({ path: door }, { host, port: 0 });
  process.stdout.write(`listening on ${path.port}\n`);
}

await main(process.argv.slice(2));
