// Every scenario file says what happens, and it happens so.
// Belongs here: running the files beside it. Does not belong here: their vocabulary (test/support/scenario.ts).
//
// After a wanted change of behaviour: UPDATE_SCENARIOS=1 rewrites them. Commit only what you understand.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { inProject } from '../support/project.ts';
import { rerun } from '../support/scenario.ts';

describe('the scenario', () => {
  for (const name of readdirSync(inProject('test', 'scenarios')).filter(file => file.endsWith('.txt'))) {
    it(name.replace('.txt', '').replaceAll('-', ' '), () => {
      const file = inProject('test', 'scenarios', name);
      const text = readFileSync(file, 'utf8');
      const now = rerun(text, file);
      if (process.env['UPDATE_SCENARIOS']) writeFileSync(file, now);
      else expect(now).to.equal(text);
    });
  }
});
