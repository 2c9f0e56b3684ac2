// States that another definition calls otherwise (`was`, row 29): nothing of them is lost, run again, undone or made twice.
// Belongs here: what the machine makes of names. Does not belong here: what may be written (test/definition/renames.test.ts),
// what a plan says of it (test/plan).
import { expect } from 'chai';
import fc from 'fast-check';
import { parseDefinition } from '../../engine/definition/parse.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { outsideId } from '../../engine/graph/references.ts';
import type { Effect, Outcome } from '../../engine/machine/types.ts';
import { membership } from '../support/definitions.ts';
import { renamed } from '../support/random-changes.ts';
import { anyCase } from '../support/random-definitions.ts';
import { drain, move, play } from '../support/random-lives.ts';
import { Workflow } from '../support/workflow.ts';

const SOURCE = `workflow_version: 2026-11-01
inputs: {amount: {type: integer, default: 1}}
entities:
  db:
    type: vm_group
    roles:
      primary: {highest: "<% member.outputs.measured.position %>", among: measured}
    states:
      measured:
        action: {script: {sh: measure.sh, inputs: {amount: "<% inputs.amount %>"}}}
        outputs: {position: {type: integer}}
      copied:
        requires: [measured]
        action: {script: {sh: copy.sh}}
        outputs: {path: {type: string}}
        undo: {script: {sh: remove.sh, inputs: {path: "<% member.outputs.?copied.path.orValue('') %>"}}}
      told:
        requires: [copied]
        action: {script: {sh: tell.sh, inputs: {paths: "<% db.reached.copied.map(m, m.outputs.copied.path) %>"}}}
        undo: {script: {sh: forget.sh, inputs: {path: "<% member.outputs.copied.path %>"}}}
      made:
        once: primary
        action: {stack: {template: {file: volume.yaml}}}
goal: [db.told, db.made]
`;
const FILES = { 'volume.yaml': 'heat_template_version: 2021-04-16\n' };

function parsed(source: string): WorkflowDefinition {
  const { definition, problems } = parseDefinition(source, { fileName: 'renames.yaml', files: FILES });
  if (!definition) throw new Error(problems.map(({ message }) => message).join('\n'));
  return definition;
}

/** The same with another name, said or not. */
const called = (source: string, from: string, to: string, says = true): string =>
  source
    .replaceAll(from, to)
    .replace(`      ${to}:\n`, `      ${to}:\n${says ? `        was: ${from}\n` : ''}`);
const CALLED = called(SOURCE, 'copied', 'cloned');

const outputs = { path: { text: '/data' }, position: { text: '1' } };

function finish(w: Workflow): readonly string[] {
  const ran: string[] = [];
  for (let [out] = w.out(); out !== undefined; [out] = w.out()) {
    ran.push(`${w.record(out)?.phase} ${out}`);
    w.succeed(out, outputs);
  }
  return ran;
}

function complete(source = SOURCE, size = 2): Workflow {
  const w = new Workflow(parsed(source), membership({ db: size }), { amount: 1 }).create();
  finish(w);
  expect(w.over).to.equal('complete');
  return w;
}

const sent = (effects: readonly Effect[]) =>
  effects.flatMap(effect =>
    effect.kind === 'start' ? [{ id: effect.id, action: effect.command.action }] : [],
  );
const inputsOf = (w: Workflow, step: string) => {
  const action = w.record(step)?.command?.action;
  return action?.kind === 'script' ? action.inputs : undefined;
};

describe('a state that is renamed', () => {
  it('row 29: keeps what it reached; nothing runs, nothing is undone, and all of it is known by the new name', () => {
    const w = complete();
    const before = w.record('db[0].copied');
    expect(w.update(parsed(CALLED)).effects).to.eql([]);
    expect(w.over).to.equal('complete');
    expect(w.record('db[0].cloned')).to.include({ status: 'reached', dispatch: 1, attempt: 1 });
    expect(w.record('db[0].cloned')?.outputs).to.eql(before?.outputs);
    expect(w.graph.steps.map(({ id }) => id))
      .to.include('db[1].cloned')
      .and.not.include('db[1].copied');
  });

  it('row 29: is undone by the definition under which it ran, which reads it by its old name', () => {
    const w = complete();
    w.update(parsed(CALLED));
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(inputsOf(w, 'db[0].told')).to.eql({ path: '/data' });
    w.succeed('db[0].told');
    w.succeed('db[1].told');
    expect(inputsOf(w, 'db[0].cloned')).to.eql({ path: '/data' });
    expect(finish(w)).to.have.members(['undo db[0].cloned', 'undo db[1].cloned', 'undo db.made']);
    expect(w.over).to.equal('deleted');
  });

  it('row 29: reads itself and is read by its new name when it runs again', () => {
    const w = complete();
    const other = CALLED.replaceAll('tell.sh', 'tell-all.sh').replaceAll('remove.sh', 'remove-all.sh');
    w.update(parsed(other));
    expect(inputsOf(w, 'db[1].told')).to.eql({ paths: ['/data', '/data'] });
    expect(finish(w)).to.eql(['action db[0].told', 'action db[1].told']);
  });

  it('row 29: keeps its old names for what is removed from the definition in the same change', () => {
    const w = complete();
    const without = CALLED.replace(/ {6}told:[\s\S]*?(?= {6}made:)/, '').replace('db.told', 'db.cloned');
    w.update(parsed(without));
    expect(inputsOf(w, 'db[0].told')).to.eql({ path: '/data' });
    expect(finish(w)).to.eql(['undo db[0].told', 'undo db[1].told']);
    expect(w.over).to.equal('complete');
  });

  it('row 29: holds what is removed with it: that is undone before it', () => {
    const w = complete();
    const without = CALLED.replace(/ {6}told:[\s\S]*?(?= {6}made:)/, '').replace('db.told', 'db.measured');
    w.update(parsed(without));
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(w.out()).to.include('db[0].told').and.not.include('db[0].cloned');
  });

  it('row 29: goes on with the command that is out, whose answer comes under the old name', () => {
    const w = new Workflow(parsed(SOURCE), membership({ db: 1 }), { amount: 1 }).create();
    w.succeed('db[0].measured', outputs);
    expect(w.out()).to.include('db[0].copied');
    w.update(parsed(CALLED));
    expect(w.out()).to.include('db[0].cloned');
    const [copy] = w.effects.filter(({ id }) => id.step === 'db[0].copied');
    w.send({
      kind: 'report',
      id: (copy as Effect).id,
      report: { kind: 'finished', outcome: { kind: 'succeeded', outputs: { path: outputs.path } } },
    });
    expect(w.record('db[0].cloned')).to.include({ status: 'reached', attempt: 1 });
    finish(w);
    expect(w.over).to.equal('complete');
  });

  it('row 29: keeps outside the name by which its stack is found, for good', () => {
    const w = complete();
    const name = nameOf(w.effects);
    expect(name).to.match(/^w-w-db-made-/);
    w.update(parsed(called(SOURCE, 'made', 'attached')));
    w.update(parsed(called(called(SOURCE, 'made', 'attached', false), 'attached', 'mounted')));
    expect(w.status('db.mounted')).to.equal('reached');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    finish(w);
    expect(nameOf(w.effects)).to.equal(name);
  });

  it('row 29: gives its old name to no other while it is there', () => {
    const w = complete();
    w.update(parsed(CALLED));
    const both = CALLED.replace('        was: copied\n', '').replace(
      '      told:\n',
      '      copied: {action: {script: {sh: again.sh}}}\n      told:\n',
    );
    const { rejected } = w.update(parsed(both));
    expect(rejected?.message).to.equal(
      'There cannot be a state db.copied: db.cloned was called so, and what it made outside still is.',
    );
    expect(w.over).to.equal('complete');
  });

  it('row 29: leaves its names to others once it is undone', () => {
    const w = complete();
    const part = (name: string) => `      ${name}: {action: {script: {sh: ${name}.sh}}}\n`;
    const others = (...names: readonly string[]) =>
      parsed(
        SOURCE.replace(/ {6}copied:[\s\S]*?(?= {6}made:)/, names.map(part).join('')).replace(
          'db.told',
          names.map(name => `db.${name}`).join(', ') || 'db.measured',
        ),
      );
    w.update(parsed(CALLED));
    w.update(others());
    expect(w.out()).to.include('db[0].told');
    expect(w.update(others('copied')).rejected?.message).to.contain('There cannot be a state db.copied');
    finish(w);
    w.update(others('copied', 'cloned'));
    expect(finish(w)).to.have.members(
      ['copied', 'cloned'].flatMap(n => [0, 1].map(i => `action db[${i}].${n}`)),
    );
    expect(w.over).to.equal('complete');
  });

  it('row 29: gets a name that was another’s once that one is undone, and keeps its own record', () => {
    const w = complete();
    const goal = SOURCE.replace('[db.told, db.made]', '[db.copied, db.made]');
    const without = goal.replace(/ {6}told:[\s\S]*?(?= {6}made:)/, '');
    w.update(parsed(without));
    const taken = called(without, 'copied', 'told');
    expect(w.update(parsed(taken)).rejected?.message).to.equal(
      'db.copied cannot be called db.told yet: a state that had this name is still being undone.',
    );
    finish(w);
    expect(w.update(parsed(taken)).effects).to.eql([]);
    expect(w.record('db[0].told')).to.include({ status: 'reached', attempt: 1 });
    expect(w.record('db[0].told')?.outputs).to.have.property('path');
  });

  it('row 24: goes back to its old name with the definition before, which knows nothing of the new one', () => {
    const w = complete();
    w.update(parsed(CALLED));
    expect(w.update(parsed(SOURCE)).effects).to.eql([]);
    expect(w.over).to.equal('complete');
    expect(w.record('db[0].copied')).to.include({ status: 'reached', attempt: 1 });
    expect(w.update(parsed(CALLED)).effects).to.eql([]);
    expect(w.record('db[0].cloned')).to.include({ status: 'reached', attempt: 1 });
  });

  it('row 25: chooses no role again that is chosen among it', () => {
    const w = complete();
    const other = called(SOURCE, 'measured', 'looked');
    w.update(parsed(other));
    expect(w.over).to.equal('complete');
    expect(w.state.workflow.roles).to.eql({ 'db.primary': 'db-0' });
    expect(w.log.filter(({ kind }) => kind === 'workflow').map(change => JSON.stringify(change))).to.satisfy(
      (texts: readonly string[]) => texts.slice(-3).every(text => text.includes('"db.primary":"db-0"')),
    );
  });

  it('row 29: without was, or in a workflow that never had the old name, is another state', () => {
    const w = complete();
    w.update(parsed(called(SOURCE, 'copied', 'cloned', false)));
    expect(finish(w)).to.include.members(['action db[0].cloned', 'undo db[0].copied']);
    const fresh = complete(CALLED);
    expect(fresh.effects.map(({ id }) => id.step)).to.include('db[0].cloned');
  });

  it('row 29: whatever it is and whenever it comes, the same commands are sent as without it', () => {
    const life = fc.array(move, { maxLength: 12 });
    const later = fc.array(
      move.filter(({ kind }) => kind !== 'source'),
      { maxLength: 12 },
    );
    const picks = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 3 });
    let count = 0;
    fc.assert(
      fc.property(
        anyCase,
        life,
        picks,
        later,
        fc.boolean(),
        ({ definition, members }, before, states, after, ends) => {
          const lives = [false, true].map(isRenamed => {
            const w = new Workflow(definition, members).create();
            for (const item of before) play(w, item);
            w.update({
              ...(isRenamed ? allRenamed(w.graph.definition, states) : w.graph.definition),
              digest: 'now',
            });
            for (const item of after) play(w, item);
            if (ends) w.send({ kind: 'delete', abandon: false, by: 'ann' });
            drain(w, well(w));
            return w;
          });
          const [one, other] = lives as [Workflow, Workflow];
          count += other.graph.earlier?.names ? 1 : 0;
          expect(other.effects).to.eql(one.effects);
          expect(other.over).to.equal(one.over);
          expect(other.graph.steps.map(outsideId)).to.eql(one.graph.steps.map(outsideId));
          expect(briefly(other)).to.eql(briefly(one));
        },
      ),
      { numRuns: 300 },
    );
    expect(count).to.be.above(50);
  });
});

const briefly = (w: Workflow) =>
  w.state.records.map(
    record => record && [record.status, record.cause, record.attempt, record.dispatch, record.outputs],
  );

const well = (w: Workflow) => (): Outcome =>
  w.record(w.out()[0] ?? '')?.phase === 'verify'
    ? { kind: 'failed', error: { kind: 'exit', message: 'exit 1', exitCode: 1 } }
    : { kind: 'succeeded', outputs: { port: { text: '1' } } };

function allRenamed(definition: WorkflowDefinition, picks: readonly number[]): WorkflowDefinition {
  return picks.reduce((before, pick, place) => {
    const states = [...before.entities.values()].flatMap(one => [...one.states.values()]);
    const state = states[pick % states.length];
    return state && state.was === undefined ? renamed(before, state, `z${place}`) : before;
  }, definition);
}

const nameOf = (effects: readonly Effect[]): string | undefined =>
  sent(effects)
    .flatMap(({ action }) => (action.kind === 'stack' ? [action.name] : []))
    .at(-1);
