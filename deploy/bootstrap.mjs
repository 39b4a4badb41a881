#!/usr/bin/env node
/**
 * What the root npm verbs run: makes a fresh clone ready, then does the verb. Plain Node without dependencies; this file
 * itself must load on any Node with ES modules, so that an old one is told what it lacks.
 */
const verbs = ['start', 'test', 'build', 'check', 'gen', 'bench', 'soak', 'chaos', 'fuzz', 'guildhall'];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `guildhall: Node 20.19 or newer is needed, this is ${process.version} (${process.execPath})\n` +
      '  cure: install Node 24 LTS (nodejs.org or your distribution), or for one run: npx -y -p node@24 npm start\n',
  );
  process.exitCode = 3;
} else if (!verbs.includes(process.argv[2] ?? '')) {
  process.stderr.write(
    `guildhall: say what to do, one of ${verbs.join(', ')}\n  cure: npm start, npm test, or npm run guildhall -- --help\n`,
  );
  process.exitCode = 2;
} else {
  const { runVerb } = await import('./bootstrap/verbs.mjs');
  const code = await runVerb(process.argv[2], process.argv.slice(3));
  if (code !== undefined) process.exitCode = code;
}
