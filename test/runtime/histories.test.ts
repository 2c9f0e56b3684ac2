// Golden histories: what an earlier day of this software wrote, the code of today reads and goes on with.
// Belongs here: replaying test/histories. Does not belong here: recording them.
//
// Red after a wanted change, and this version is not released? `npm run histories`, and look at the difference. Released?
// Then the change would strand workflows in users' stores (test/tools/histories.ts).
import { expect } from 'chai';
import { canonicalJson, type JsonValue } from '../../engine/base/json.ts';
import { apply } from '../../engine/machine/apply.ts';
import { decide } from '../../engine/machine/decide.ts';
import { check } from '../../engine/machine/invariants.ts';
import { restore } from '../../engine/machine/state.ts';
import {
  beginning,
  currentVersion,
  definitionsOf,
  endOf,
  type History,
  readHistories,
  replay,
} from '../support/histories.ts';

/** As it would be stored: absent and undefined are the same. */
const text = (value: unknown): string => canonicalJson(JSON.parse(JSON.stringify(value)) as JsonValue);

const histories = readHistories();

/** The workflow as an engine finds it in its store. */
function restored(history: History) {
  const { graph, state } = replay(history);
  const { workflow, steps } = history.end;
  const stored = graph.steps.flatMap(({ id, number }) => {
    const record = steps[id];
    return record ? [{ number, record }] : [];
  });
  return { graph, state: restore(graph, workflow, stored, state.inputs), stored };
}

describe('the history', () => {
  it('is kept for the version that is being written', () => {
    expect(histories.filter(({ version }) => version === currentVersion())).to.have.length.above(11);
  });

  it('is kept of other members, another definition, other inputs and operations', () => {
    const log = histories.flatMap(({ history }) => history.log);
    const generations = log.filter(change => change.kind === 'generation');
    expect(generations.filter(({ definition }) => definition === undefined)).to.have.length.above(0);
    expect(generations.filter(({ earlier }) => earlier !== undefined)).to.have.length.above(0);
    expect(log.filter(({ kind }) => kind === 'operation')).to.have.length.above(0);
  });

  for (const { version, name, history } of histories) {
    it(`${version} ${name}: its log leads to its records`, () => {
      const { graph, state } = replay(history);
      expect(text(endOf(graph, state))).to.equal(text(history.end));
      expect(check(graph, state)).to.deep.equal([]);
    });

    it(`${version} ${name}: its records are taken up again`, () => {
      const { graph, state, stored } = restored(history);
      expect(stored).to.have.length(Object.keys(history.end.steps).length);
      expect(check(graph, state)).to.deep.equal([]);
      expect(text(endOf(graph, state))).to.equal(text(history.end));
    });

    // A later version may decide otherwise about what happens from then on.
    if (version !== currentVersion() || history.events.length === 0) continue;
    it(`${version} ${name}: the same events bring about the same log`, () => {
      let { graph, state } = beginning(history);
      const definitions = definitionsOf(history);
      let from = 0;
      for (const { event, changes } of history.events) {
        const { source } = event.kind === 'update' ? event.change : {};
        const decision = decide(graph, state, event, source && definitions(source.definition));
        expect(text(decision.changes), text(event)).to.equal(text(history.log.slice(from, from + changes)));
        if (decision.next) ({ graph, state } = decision.next);
        apply(graph, state, decision.changes);
        from += changes;
      }
      expect(from).to.equal(history.log.length);
    });
  }
});
