// A crash at every commit of a run, before and after it became durable: the next engine ends where no crash would have.
import { expect } from 'chai';
import { effectKey } from '../../engine/base/ids.ts';
import type { Command } from '../../engine/machine/types.ts';
import { MemoryDisk, MemoryStore } from '../../engine/store/memory.ts';
import { succeeded } from '../support/drivers.ts';
import { createRequest, members, World } from './kit.ts';

const DELETE = { requestId: 'd1', workflow: 'wf', by: 'me', kind: 'delete', abandon: false } as const;

/** What outlives engines: what was ever sent under which id. */
class Sent {
  readonly commands = new Map<string, string>();
  afterDeath = 0;

  see(key: string, command: Command): void {
    const text = JSON.stringify(command);
    const known = this.commands.get(key);
    if (known !== undefined) expect(text, `${key} was sent again, but not the same`).to.equal(known);
    this.commands.set(key, text);
  }
}

/** An engine that dies at its k-th commit: whatever it says or hears after that reaches nobody. */
class Mortal {
  readonly world: World;
  readonly died: Promise<void>;
  dead = false;

  constructor(disk: MemoryDisk, sent: Sent, dieAt: number, durable: boolean) {
    const inner = new MemoryStore(disk);
    const commit = inner.commit.bind(inner);
    let count = 0;
    let tellDeath = (): void => {};
    this.died = new Promise(resolve => {
      tellDeath = resolve;
    });
    inner.commit = async batch => {
      if (++count !== dieAt) return commit(batch);
      if (durable) await commit(batch);
      this.dead = true;
      tellDeath();
      await new Promise<void>(() => {});
    };
    this.world = new World(disk, { inner });
    this.world.driver.answer = ({ id, command }) => {
      if (this.dead) sent.afterDeath++;
      sent.see(effectKey(id), command);
      return succeeded({ address: { text: `10.0.0.${id.step.length}` } });
    };
  }
}

/** Creates, waits for the goal, deletes; resolves at the death of the engine or when all is done. */
async function live({ world, died }: Mortal): Promise<boolean> {
  const work = async (): Promise<true> => {
    await world.engine.start();
    if (!(await world.store.tombstone('wf'))) {
      await world.service.create(createRequest('wf', { members: members(2) })).catch(async thrown => {
        if (!(await world.store.tombstone('wf'))) throw thrown;
      });
    }
    await world.engine.idle();
    const stored = await world.store.load('wf');
    if (stored?.record.status === 'running') throw new Error('it did not reach its goal');
    await world.service.act(DELETE);
    await world.engine.idle();
    return true;
  };
  return Promise.race([work(), died.then(() => false)]);
}

describe('crashes', () => {
  it('at any commit, durable or not, lead to the same end, and repeat no other command than the same', async function all() {
    this.timeout(20_000);
    const calm = new Sent();
    const undisturbed = new Mortal(new MemoryDisk(), calm, 0, true);
    expect(await live(undisturbed)).to.equal(true);
    const commits = undisturbed.world.history.length;
    await undisturbed.world.engine.stop();
    expect(commits).to.be.greaterThan(4);

    for (let dieAt = 1; dieAt <= commits; dieAt++) {
      for (const durable of [false, true]) {
        const disk = new MemoryDisk();
        const sent = new Sent();
        expect(await live(new Mortal(disk, sent, dieAt, durable)), `no crash at ${dieAt}`).to.equal(false);
        const heir = new Mortal(disk, sent, 0, true);
        expect(await live(heir)).to.equal(true);
        expect(await heir.world.store.tombstone('wf')).to.equal(true);
        expect(sent.afterDeath).to.equal(0);
        expect(Object.fromEntries(sent.commands)).to.deep.equal(Object.fromEntries(calm.commands));
        await heir.world.engine.stop();
      }
    }
  });
});
