// mocha root hooks: what every test shares.
// Belongs here: clean-up and the check that a test left nothing behind. Does not belong here: fixtures.
import { removeTemporaryDirectories } from './temporary.ts';

export const mochaHooks = {
  async afterEach(): Promise<void> {
    await removeTemporaryDirectories();
  },
};
