// mocha root hooks: what every test shares.
// Belongs here: clean-up, the seed of what is drawn, and the check that tests left nothing behind. Does not belong here: fixtures.
import fc from 'fast-check';
import { leftovers } from './leftovers.ts';
import { removeTemporaryDirectories } from './temporary.ts';

/**
 * What properties draw is the same in every run, so that a change is judged by itself; `npm run soak` draws anew and sets
 * this variable.
 */
fc.configureGlobal({ seed: Number(process.env['MURANO_WORKFLOW_SEED'] ?? 20_261_122) });

/** Looks that a process ending by itself may need; a supervisor writes its record after its script ended. */
const LOOKS = 100;

export const mochaHooks = {
  async afterEach(): Promise<void> {
    await removeTemporaryDirectories();
  },

  async afterAll(): Promise<void> {
    let found = await leftovers();
    for (let look = 0; found.length > 0 && look < LOOKS; look += 1) {
      await new Promise(resolve => setTimeout(resolve, 100));
      found = await leftovers();
    }
    if (found.length === 0) return;
    const lines = found.map(({ pid, command, directory }) => `  ${pid} ${command} (in ${directory})`);
    throw new Error(`Tests left processes behind:\n${lines.join('\n')}`);
  },
};
