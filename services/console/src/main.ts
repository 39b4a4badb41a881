import { runService } from '@guildhall/chassis/process';
import { configSchema } from './config.js';
import { start } from './start.js';

await runService('console', configSchema, start, { argv: process.argv.slice(2), env: process.env });
