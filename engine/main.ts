#!/usr/bin/env node
// The command `murano-workflow`.
// Belongs here: which engine the commands work on. Does not belong here: commands (cli/), adapters (embedded.ts).
import { commandProcess } from './cli/process.ts';
import { embeddedHost } from './host.ts';

// Set, not exited with: what is still to be written to a pipe must get there.
process.exitCode = await commandProcess(embeddedHost())(process.argv.slice(2));
