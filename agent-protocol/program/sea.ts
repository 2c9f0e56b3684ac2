// Whether this process is a single executable application of Node.
// Belongs here: asking Node, whose module for it exists from 20.12 on. Does not belong here: building one.
import { createRequire } from 'node:module';
import path from 'node:path';

/** False for a script run by `node`, bundled or not. */
export function isSea(): boolean {
  try {
    // By name at run time: older versions of Node do not know the module.
    const load = createRequire(path.join(process.cwd(), 'none.js'));
    return (load('node:sea') as { isSea(): boolean }).isSea();
  } catch {
    return false;
  }
}
