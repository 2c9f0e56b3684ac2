// What the engine keeps of agents and of itself: the directory file and the engine's keys.
// Belongs here: durability, refusals, damage. Does not belong here: what bindings mean (reception.test.ts).
import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { newSealingKey } from '../../agent-protocol/sealing.ts';
import { newSigningKey, publicKeyText } from '../../agent-protocol/signing.ts';
import { Book, openBook } from '../../engine/agents/book.ts';
import { memoryDirectory, openDirectory } from '../../engine/agents/directory.ts';
import { openEngineKeys } from '../../engine/agents/keys.ts';
import { Presence } from '../../engine/agents/presence.ts';
import { readOldList } from '../../engine/agents/old-list.ts';
import type { AgentCard, AgentDirectory } from '../../engine/agents/ports.ts';
import { EngineError } from '../../engine/base/errors.ts';
import type { Store } from '../../engine/runtime/ports.ts';
import { MemoryDisk, MemoryStore } from '../../engine/store/memory.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const card = (id: string): AgentCard => ({
  id,
  signingKey: publicKeyText(newSigningKey().publicKey),
  sealingKey: publicKeyText(newSealingKey().publicKey),
});

const codeOf = async (action: () => Promise<unknown>): Promise<string> => {
  try {
    await action();
  } catch (thrown) {
    return thrown instanceof EngineError ? thrown.code : String(thrown);
  }
  return 'none';
};

/** A directory on a disk that outlives it. */
const openOn = async (disk: MemoryDisk): Promise<AgentDirectory> => {
  const store = new MemoryStore(disk);
  await store.acquire('engine');
  return openDirectory(await openBook(store));
};

describe('directory of agents', () => {
  it('keeps keys, incarnation, journal and retired incarnations over a restart', async () => {
    const disk = new MemoryDisk();
    const first = await openOn(disk);
    const one = card('a1');
    await first.register(one);
    await first.bind('a1', 'inc-1', 3);
    await first.bind('a1', 'inc-2', 1);
    await first.register(card('a2'));
    await first.remove('a2');
    await first.close();
    const again = await openOn(disk);
    expect(again.list()).to.deep.equal([{ ...one, incarnation: 'inc-2', retired: ['inc-1'], journal: 1 }]);
  });

  it('keeps when an agent was heard last over a restart, and tells that it has not been heard since', async () => {
    const disk = new MemoryDisk();
    const first = await openOn(disk);
    for (const id of ['a1', 'a2', 'a3']) await first.register(card(id));
    await first.bind('a1', 'inc-1', 3, 5_000);
    await first.bind('a2', 'inc-1', 3, 6_000);
    const presence = new Presence(id => first.get(id)?.lastSeen);
    presence.heard('a2', 7_000);
    presence.heard('gone', 8_000);
    await first.heard(presence.times);
    const again = await openOn(disk);
    const after = new Presence(id => again.get(id)?.lastSeen);
    expect(['a1', 'a2', 'a3'].map(id => after.lastHeard(id))).to.deep.equal([5_000, 7_000, undefined]);
    expect(after.known('a1')).to.deep.include({ kind: 'offline', lastSeen: 5_000 });
    expect(after.known('a3')).to.deep.equal({ kind: 'never_seen' });
    expect(again.list()).to.have.lengthOf(3);
  });

  it('expects who has an account and no keys yet, also where an earlier version kept no more of it', async () => {
    const disk = new MemoryDisk();
    const store = new MemoryStore(disk);
    await store.acquire('engine');
    await store.keep([{ kind: 'account', id: 'a1', value: {}, sealed: Buffer.alloc(1) }]);
    const directory = await openOn(disk);
    expect(directory.get('a1')).to.deep.include({ signingKey: '', retired: [] });
    await directory.register(card('a1'));
    expect(await codeOf(async () => directory.register(card('a1')))).to.equal('conflict');
  });

  it('takes many at once, in few commits, and all of them are kept', async () => {
    const disk = new MemoryDisk();
    const store = new MemoryStore(disk);
    await store.acquire('engine');
    let commits = 0;
    const counted = {
      keep: (changes: Parameters<Store['keep']>[0]) => ((commits += 1), store.keep(changes)),
    };
    const directory = openDirectory(new Book([], counted));
    await Promise.all(Array.from({ length: 50 }, (_, index) => directory.register(card(`a${index}`))));
    expect((await openOn(disk)).list()).to.have.length(50);
    expect(commits).to.be.lessThan(3);
  });

  it('refuses other keys under a known id, unless they are to replace the old ones', async () => {
    const directory = memoryDirectory();
    const one = card('a1');
    await directory.register(one);
    await directory.bind('a1', 'inc-1', 1);
    await directory.register(one);
    expect(directory.get('a1')?.incarnation).to.equal('inc-1');
    expect(await codeOf(async () => directory.register(card('a1')))).to.equal('conflict');
    await directory.register(card('a1'), { replace: true });
    expect(directory.get('a1')).to.deep.include({ retired: ['inc-1'], journal: 0 });
    expect(directory.get('a1')).to.not.have.property('incarnation');
  });

  it('refuses ids and keys that cannot be', async () => {
    const directory = memoryDirectory();
    const good = card('a1');
    const wrong = [
      { ...good, id: '../a1' },
      { ...good, signingKey: good.sealingKey },
      { ...good, sealingKey: 'no key' },
    ];
    for (const one of wrong) expect(await codeOf(async () => directory.register(one))).to.equal('usage');
    expect(await codeOf(async () => directory.bind('nobody', 'i', 1))).to.equal('not_found');
  });

  it('does not pass for kept what could not be written, and writes it with the next success', async () => {
    const kept: unknown[] = [];
    let full = true;
    const keep = async (changes: readonly unknown[]): Promise<void> => {
      if (full) throw new EngineError('store_full', 'The disk is full.', 'Free some space.');
      kept.push(...changes);
    };
    const directory = openDirectory(new Book([], { keep }));
    const one = card('a1');
    expect(await codeOf(() => directory.register(one))).to.equal('store_full');
    expect(await codeOf(() => directory.register(one))).to.equal('store_full');
    full = false;
    await directory.register(one);
    expect(kept).to.have.length(1);
    await directory.register(one);
    expect(kept).to.have.length(1);
  });

  it('takes over an earlier list once: what is removed later does not come back', async () => {
    const disk = new MemoryDisk();
    const store = new MemoryStore(disk);
    await store.acquire('engine');
    const earlier = [
      { ...card('a1'), incarnation: 'i1', retired: [], journal: 4 },
      { ...card('a2'), retired: [], journal: 0 },
    ];
    const directory = openDirectory(await openBook(store), earlier);
    for (const one of earlier) await directory.register(one);
    const now = async () => openDirectory(await openBook(new MemoryStore(disk))).list();
    expect(await now()).to.deep.equal(earlier);
    await directory.remove('a1');
    expect((await now()).map(({ id }) => id)).to.deep.equal(['a2']);
  });

  it('refuses an earlier list that is damaged or of another version, and leaves it as it is', async () => {
    const file = path.join(await temporaryDirectory(), 'agents.json');
    expect(await readOldList(file)).to.deep.equal([]);
    for (const text of ['{"version":1,"agents":[{"id":5}]}', '{"version":2,"agents":[]}', '{"ver', '[]']) {
      await writeFile(file, text);
      expect(await codeOf(() => readOldList(file)), text).to.equal('store_failed');
      expect(await readFile(file, 'utf8')).to.equal(text);
    }
    const record = { ...card('a1'), retired: [], journal: 0 };
    await writeFile(file, JSON.stringify({ version: 1, agents: [record] }));
    expect(await readOldList(file)).to.deep.equal([record]);
  });

  it('refuses a record that it cannot read', () => {
    const found = [{ kind: 'agent' as const, id: 'a1', value: { id: 'a1', later: true } }];
    expect(() => openDirectory(new Book(found))).to.throw(EngineError, /cannot be read by this version/);
  });
});

const FILES = ['key-set.json', 'root.pem', 'sealing.pem', 'signing.pem'];

describe('keys of the engine', () => {
  it('are made once, kept for the owner alone, and the same after a restart', async () => {
    const folder = path.join(await temporaryDirectory(), 'keys');
    const first = await openEngineKeys(folder);
    const again = await openEngineKeys(folder);
    expect([again.keySet, again.rootKeyText, again.sealingKeyText]).to.deep.equal([
      first.keySet,
      first.rootKeyText,
      first.sealingKeyText,
    ]);
    expect(again.signing.id).to.equal(first.signing.id);
    expect((await readdir(folder)).sort()).to.deep.equal(FILES);
    for (const name of FILES) {
      expect((await stat(path.join(folder, name))).mode & 0o077).to.equal(0);
    }
  });

  it('are the same for engines that start at once', async () => {
    const folder = await temporaryDirectory();
    const all = await Promise.all(Array.from({ length: 5 }, () => openEngineKeys(folder)));
    expect(new Set(all.map(keys => keys.keySet.body + keys.rootKeyText + keys.sealingKeyText)).size).to.equal(
      1,
    );
  });

  it('are not made anew when one is gone, damaged or open to others: agents would trust no command', async () => {
    const folder = await temporaryDirectory();
    await openEngineKeys(folder);
    const signing = path.join(folder, 'signing.pem');
    await chmod(signing, 0o644);
    expect(await codeOf(() => openEngineKeys(folder))).to.equal('key_missing');
    await chmod(signing, 0o600);
    const pem = await readFile(signing, 'utf8');
    await writeFile(signing, await readFile(path.join(folder, 'sealing.pem')));
    expect(await codeOf(() => openEngineKeys(folder))).to.equal('key_missing');
    await writeFile(signing, 'rubbish');
    expect(await codeOf(() => openEngineKeys(folder))).to.equal('key_missing');
    await rm(signing);
    expect(await codeOf(() => openEngineKeys(folder))).to.equal('key_missing');
    await writeFile(signing, pem, { mode: 0o600 });
    expect(await codeOf(() => openEngineKeys(folder))).to.equal('none');
  });
});
