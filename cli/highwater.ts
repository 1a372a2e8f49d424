#!/usr/bin/env node
/** The `highwater` command: every part of the service and its tools, by name. */
import { enableCompileCache } from 'node:module';

// Code is compiled once and not at each call, which halves the time to the first word; hence all other code is imported later.
enableCompileCache();
const { runCommand } = await import('./run-command.ts');
process.exitCode = await runCommand(process.argv);
