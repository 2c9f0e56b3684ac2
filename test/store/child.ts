// A program that commits in a loop and says each commit on its standard output; the kill test shoots it.
// Belongs here: nothing else. Does not belong here: expectations (kill.test.ts).
import { writeSync } from 'node:fs';
import { openSqliteStore } from '../../engine/store/sqlite/store.ts';
import { commitOf, creation, logEntry } from './fixtures.ts';

const store = await openSqliteStore(process.argv[2] ?? '');
await store.acquire('child');
let commitSeq = await store.committed();
if ((await store.load('wf')) === undefined)
  await store.commit({ commitSeq: commitSeq++, workflows: [creation('wf')] });
for (let seq = ((await store.load('wf'))?.record.seq ?? 0) + 1; ; seq++) {
  await store.commit({ commitSeq: commitSeq++, workflows: [commitOf('wf', { log: [logEntry(seq)] })] });
  writeSync(1, `${seq}\n`);
}
