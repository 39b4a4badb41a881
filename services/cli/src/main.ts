#!/usr/bin/env node
import { runCommandLine } from './command-line.js';
import { terminalScreen } from './terminal-screen.js';

const { env, stdin, stdout, stderr } = process;
const colors = env['NO_COLOR'] === undefined || env['NO_COLOR'] === '';

// A reader that went away (`guildhall ... | head`) is no failure of ours.
for (const stream of [stdout, stderr]) stream.on('error', () => {});

process.exitCode = await runCommandLine(process.argv.slice(2), {
  terminal: {
    out: (line) => stdout.write(`${line}\n`),
    talk: (line) => stderr.write(`${line}\n`),
    colorOut: colors && stdout.isTTY === true,
    colorTalk: colors && stderr.isTTY === true,
    ...(stdout.isTTY === true ? { columns: stdout.columns } : {}),
  },
  ...(stdin.isTTY === true && stdout.isTTY === true
    ? { screen: terminalScreen(stdin, stdout, (restore) => void process.once('exit', restore)) }
    : {}),
  env,
  cwd: process.cwd(),
  now: () => new Date(),
  onSignal(listener) {
    process.on('SIGTERM', listener).on('SIGINT', listener);
    return () => process.off('SIGTERM', listener).off('SIGINT', listener);
  },
  onUnread(listener) {
    stdout.on('error', listener);
    return () => stdout.off('error', listener);
  },
});
