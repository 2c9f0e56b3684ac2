// How this program is started as the supervisor of one script.
// Belongs here: that command line, for a script run by Node and for a single executable. Does not belong here: what a
// supervisor does (agent/supervisor.ts).
import { isSea } from './sea.ts';

/** First argument of the second life; no option, so that nobody gives it by mistake. */
export const SUPERVISE = 'supervise';

/** Command and arguments: this very program. Its path is read once, so an upgrade under it changes nothing that runs. */
export function supervisorCommand(): readonly string[] {
  const script = process.argv[1];
  return isSea() || script === undefined
    ? [process.execPath, SUPERVISE]
    : [process.execPath, script, SUPERVISE];
}
