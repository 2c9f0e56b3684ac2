// A program that opens a state directory and holds it until it is killed.
// Belongs here: nothing else. Does not belong here: expectations (state-directory.test.ts).
import { writeSync } from 'node:fs';
import { openStateDirectory } from '../../engine/store/state-directory.ts';

const { socket } = await openStateDirectory(process.argv[2] ?? '', 0);
writeSync(1, `${socket}\n`);
setInterval(() => {}, 1_000);
