// kill -9 of a real process that commits in a loop: no commit that it reported is lost, and the file is whole.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { openDatabase } from '../../engine/store/sqlite/driver.ts';
import { openSqliteStore } from '../../engine/store/sqlite/store.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const child = fileURLToPath(new URL('./child.js', import.meta.url));

/** Runs the child until it has reported `commits` more commits, kills it, and returns the last number it reported. */
async function runAndKill(file: string, commits: number): Promise<number> {
  const running = spawn(process.execPath, [child, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise(resolve => running.once('close', resolve));
  let text = '';
  for await (const chunk of running.stdout) {
    text += String(chunk);
    if (text.split('\n').length > commits) running.kill('SIGKILL');
  }
  await gone;
  return Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1));
}

describe('sqlite store under kill -9', () => {
  it('loses no reported commit and stays whole', async () => {
    const file = path.join(await temporaryDirectory(), 'engine.db');
    for (const commits of [1, 20, 60]) {
      const reported = await runAndKill(file, commits);
      const store = await openSqliteStore(file);
      const log = await store.events('wf', 0, 100_000);
      await store.close();
      expect(log.length).to.be.at.least(reported);
      expect(log.map(entry => entry.seq)).to.deep.equal(log.map((_, index) => index + 1));
      const database = openDatabase(file);
      expect(Object.values(database.prepare('PRAGMA integrity_check').get() ?? {})).to.deep.equal(['ok']);
      database.close();
    }
  });
});
