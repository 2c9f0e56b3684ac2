#!/usr/bin/env node
// The command `murano-workflow-agent`: the agent of one VM, as a service.
// Belongs here: which of the program's two lives this process leads. Does not belong here: either of them.
//
// The program starts itself again as the supervisor of a script (agent/supervisor.ts), so that one file is all there
// is to install; the supervisor loads nothing of the agent.
import { SUPERVISE } from './supervising.ts';

if (process.argv[2] === SUPERVISE) {
  void import('../agent/supervisor.ts');
} else {
  void import('./command.ts').then(async ({ runCommand }) => {
    // Set, not exited with: what is still to be written to a pipe must get there.
    process.exitCode = await runCommand(process.argv.slice(2), process.env);
  });
}
