// The tables of transitions, and the page that is written from them.
// Belongs here: what the tables must never allow. Does not belong here: who uses them (properties.test.ts).
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { STEP_TRANSITIONS, stepTransition, WORKFLOW_TRANSITIONS } from '../../engine/machine/transitions.ts';
import { STEP_STATUSES, type StepStatus, WORKFLOW_STATUSES } from '../../engine/machine/types.ts';
import { inProject } from '../support/project.ts';
import { statesPage } from '../support/states-page.ts';

describe('the tables of transitions', () => {
  it('take a reached step back only by undo, to run it again because of its age, or because its role moved', () => {
    const again = ['waiting', 'ready', 'running', 'reached', 'skipped', 'paused', 'blocked', 'not_needed'];
    expect(Object.keys(STEP_TRANSITIONS.reached)).to.eql([...again, 'undoing', 'undone', 'failed']);
  });

  it('have an end: nothing follows deleted', () => {
    expect(WORKFLOW_TRANSITIONS.deleted).to.eql({});
  });

  it('start a step whose undo began only anew, for a member that comes back or follows a role', () => {
    const forward: StepStatus[] = ['waiting', 'ready', 'running', 'reached'];
    for (const to of forward)
      expect(stepTransition('undoing', to), to).to.match(/^its member comes back, or gets the role/);
  });

  it('let every status be entered and every unfinished one be left', () => {
    for (const [table, names, first] of [
      [STEP_TRANSITIONS, STEP_STATUSES, 'waiting'],
      [WORKFLOW_TRANSITIONS, WORKFLOW_STATUSES, 'running'],
    ] as const) {
      const entered = new Set(Object.values(table).flatMap(targets => Object.keys(targets)));
      for (const name of names) if (name !== first) expect([...entered], name).to.include(name);
    }
  });

  it('are what docs/reference/states.md says', () => {
    const file = inProject('docs', 'reference', 'states.md');
    if (process.env['UPDATE_DOCS']) writeFileSync(file, statesPage());
    expect(readFileSync(file, 'utf8')).to.equal(statesPage());
  });
});
