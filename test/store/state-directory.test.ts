// The state directory: one engine at a time, safe after kill -9; the key stays with it and never leaves it.
import { spawn } from 'node:child_process';
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { isLocked, readHolder } from '../../engine/store/sqlite/lock.ts';
import { openStateDirectory, socketPath, type StateDirectory } from '../../engine/store/state-directory.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { rejects } from './conformance.ts';

const holder = fileURLToPath(new URL('./holder.js', import.meta.url));

describe('state directory', () => {
  let directory: string;
  const opened: StateDirectory[] = [];
  const open = async (): Promise<StateDirectory> => {
    const state = await openStateDirectory(directory, 1_780_000_000_000);
    opened.push(state);
    return state;
  };
  beforeEach(async () => {
    directory = path.join(await temporaryDirectory(), 'state');
  });
  afterEach(async () => {
    for (const state of opened.splice(0)) await state.close();
  });

  it('says at once that it cannot be made below a file, or where no directory can be', async () => {
    const file = path.join(path.dirname(directory), 'file');
    await writeFile(file, '');
    for (const place of [
      path.join(file, 'state'),
      ...(process.platform === 'linux' ? ['/proc/none/state'] : []),
    ]) {
      const thrown = await openStateDirectory(place, 0).catch((error: unknown) => error);
      expect(String(thrown)).to.include(`The state directory ${place} cannot be made`);
    }
  });

  it('is made private, with a key that is the same at the next start', async () => {
    const first = await open();
    const key = Buffer.from(first.key);
    await first.close();
    expect(Buffer.from((await open()).key).equals(key)).to.equal(true);
    if (process.platform === 'win32') return;
    expect((await stat(directory)).mode & 0o777).to.equal(0o700);
    expect((await stat(path.join(directory, 'keys', 'engine.key'))).mode & 0o777).to.equal(0o600);
    const database = await readFile(path.join(directory, 'engine.db'));
    expect(database.includes(key)).to.equal(false);
  });

  it('refuses a second engine, names the first and where it listens', async () => {
    const first = await open();
    const error = await rejects('store_locked', openStateDirectory(directory, 0));
    expect(error.message).to.contain(`process id ${process.pid}`);
    expect(error.next).to.contain(first.socket);
    expect(error.retriable).to.equal(true);
    await first.close();
    expect(isLocked(directory)).to.equal(false);
    await open();
  });

  it('is free again after kill -9 of the engine that held it', async () => {
    const running = spawn(process.execPath, [holder, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = new Promise(resolve => running.once('close', resolve));
    const socket = await new Promise<string>(resolve => {
      running.stdout.once('data', chunk => resolve(String(chunk).trim()));
    });
    expect(socket).to.equal(socketPath(directory));
    expect((await rejects('store_locked', openStateDirectory(directory, 0))).message).to.contain(
      String(running.pid),
    );
    running.kill('SIGKILL');
    await gone;
    expect(readHolder(directory)?.pid).to.equal(running.pid);
    await open();
    expect(readHolder(directory)?.pid).to.equal(process.pid);
  });

  it('refuses to make a new key beside an old database', async () => {
    await (await open()).close();
    await rm(path.join(directory, 'keys', 'engine.key'));
    const error = await rejects('key_missing', openStateDirectory(directory, 0));
    expect(error.next).to.contain('backup');
    expect(isLocked(directory)).to.equal(false);
  });

  it('refuses a key that is damaged, or that others can read', async () => {
    await (await open()).close();
    const file = path.join(directory, 'keys', 'engine.key');
    const text = await readFile(file, 'utf8');
    if (process.platform !== 'win32') {
      await chmod(file, 0o644);
      expect((await rejects('key_missing', openStateDirectory(directory, 0))).next).to.contain('chmod 600');
      await chmod(file, 0o600);
    }
    await writeFile(file, text.slice(0, 30));
    await rejects('key_missing', openStateDirectory(directory, 0));
  });

  it('finds a socket path that fits, also for a long directory', () => {
    const long = `/${'very-long-name/'.repeat(12)}`;
    expect(Buffer.byteLength(socketPath(long))).to.be.at.most(103);
    expect(socketPath(long)).to.equal(socketPath(long));
    expect(socketPath(long)).to.not.equal(socketPath(`${long}x`));
  });
});
