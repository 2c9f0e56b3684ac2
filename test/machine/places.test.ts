// `run_on`: in whose VM each phase of a step runs, what it waits for there, and what becomes of it when nobody is named.
// Belongs here: R5 and rows 21, 45 as far as `run_on` decides. Does not belong here: refusals (test/definition).
import { expect } from 'chai';
import { EngineError } from '../../engine/base/errors.ts';
import type { DataView, Template } from '../../engine/definition/expressions/types.ts';
import { restore } from '../../engine/machine/state.ts';
import type { State } from '../../engine/definition/types.ts';
import {
  definition,
  entity,
  expression,
  join,
  membership,
  script,
  state,
  type StateSpec,
} from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const absent = (): EngineError =>
  new EngineError('expression_failed', "'m' is absent", 'Guard it.', { details: { absent: true } });

/** The member of `vm` with the index that the attempt gives; there is none at -1. */
const vm = (index: number | ((data: DataView) => number)): Template =>
  expression(data => {
    const member = data.members('vm')[typeof index === 'number' ? index : index(data)];
    if (!member) throw absent();
    return member.agent;
  });

/** Two members of `g` with the states given, and three machines `vm` on which nothing runs by itself. */
function workflow(states: readonly State[], goal = 'g.a'): Workflow {
  const entities = [
    entity('vm', { states: [join('vm', 'there')] }),
    entity('g', { states }),
    entity('s', { type: 'service', states: [join('s', 'up', { needs: [goal] })] }),
  ];
  return new Workflow(definition(entities, ['s.up']), membership({ vm: 3, g: 2 })).create();
}

const a = (spec: StateSpec): readonly State[] => [state('g', 'a', spec)];
const agentOf = (w: Workflow, step: string): unknown => w.record(step)?.command?.agent;

function restarted(w: Workflow): Workflow {
  const stored = w.state.records.flatMap((record, number) => (record ? [{ number, record }] : []));
  w.state = restore(w.graph, w.state.workflow, JSON.parse(JSON.stringify(stored)) as typeof stored, {});
  return w;
}

describe('run_on', () => {
  it('R5: takes the VM that it names, not that of its own member, one attempt at a time in order of readiness', () => {
    const w = workflow([...a({ runOn: vm(0) }), state('g', 'own')]);
    expect(w.out()).to.eql(['g[0].a']);
    expect(agentOf(w, 'g[0].a')).to.equal('vm-0');
    expect(w.record('g[1].a')).to.include({ status: 'ready', agent: 'vm-0' });
    expect(w.state.busy.get('g-0')).to.equal(undefined);
    restarted(w).succeed('g[0].a');
    expect(agentOf(w, 'g[1].a')).to.equal('vm-0');
    w.succeed('g[1].a');
    expect(w.over).to.equal('complete');
  });

  it('R5: beside others where the state is not exclusive', () => {
    const w = workflow(a({ runOn: vm(0), exclusive: false }));
    expect(w.out()).to.eql(['g[0].a', 'g[1].a']);
    expect(agentOf(w, 'g[1].a')).to.equal('vm-0');
  });

  it('row 45: gives a service a VM', () => {
    const service = entity('s', { type: 'service', states: [state('s', 'a', { runOn: vm(2) })] });
    const machines = entity('vm', { states: [join('vm', 'there')] });
    const w = new Workflow(definition([machines, service], ['s.a']), membership({ vm: 3 })).create();
    expect(agentOf(w, 's.a')).to.equal('vm-2');
    w.exit('s.a', 3);
    expect(w.reason).to.equal('s.a on vm-2 failed: exit 3');
  });

  it('waits for the choice of a role that it names', () => {
    const boss = expression(
      data => data.role('g', 'boss')?.agent ?? '',
      [{ kind: 'role', entity: 'g', role: 'boss' }],
    );
    const group = entity('g', {
      roles: [{ name: 'boss', choose: 'lowest_index', among: 'x' }],
      states: [state('g', 'x')],
    });
    const service = entity('s', { type: 'service', states: [state('s', 'a', { runOn: boss })] });
    const w = new Workflow(definition([group, service], ['s.a']), membership({ g: 2 })).create();
    w.exit('g[0].x', 1);
    expect(w.status('s.a')).to.equal('waiting');
    w.succeed('g[1].x');
    expect(agentOf(w, 's.a')).to.equal('g-1');
  });

  it('is asked anew for each attempt, and kept within one', () => {
    const turn = vm(data => (data.attempt ?? 0) - 1);
    const w = workflow(a({ runOn: turn, probe: script(), retry: { attempts: 3 } }));
    expect(agentOf(w, 'g[0].a')).to.equal('vm-0');
    w.exit('g[0].a', 1);
    expect(w.record('g[0].a')).to.include({ phase: 'action', agent: 'vm-0' });
    w.exit('g[0].a', 9);
    expect(w.record('g[0].a')).to.include({ phase: 'probe', agent: 'vm-1' });
  });

  it('of a probe and of an undo counts for these alone', () => {
    const w = workflow(
      a({
        runOn: vm(0),
        probe: script(),
        probeRunOn: vm(1),
        undo: { action: script(), runOn: vm(2) },
      }),
    );
    const places = (): unknown => w.record('g[0].a') && [w.record('g[0].a')?.phase, agentOf(w, 'g[0].a')];
    expect(places()).to.eql(['probe', 'vm-1']);
    w.exit('g[0].a', 1);
    expect(places()).to.eql(['action', 'vm-0']);
    expect(agentOf(w, 'g[1].a'), 'the VM of the probe is free again').to.equal('vm-1');
    w.succeed('g[0].a');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    w.finish('g[1].a', { kind: 'refused', message: 'called back' });
    expect(places()).to.eql(['undo', 'vm-2']);
    restarted(w).succeed('g[0].a');
    expect(places()).to.eql(['verify', 'vm-1']);
    w.exit('g[0].a', 1);
    expect(w.over).to.equal('deleted');
  });

  it('of the action makes it wait for its VM after the probe, also over a restart', () => {
    const w = workflow(
      [...a({ probe: script(), probeRunOn: vm(1), runOn: vm(0) }), state('g', 'b', { runOn: vm(0) })],
      'g.b',
    );
    const goal = definition([...w.graph.definition.entities.values()], ['g.a', 'g.b']);
    const both = new Workflow(goal, membership({ vm: 3, g: 2 })).create();
    expect(both.out()).to.eql(['g[0].a', 'g[0].b']);
    both.exit('g[0].a', 1);
    expect(both.record('g[0].a')).to.include({ status: 'ready', agent: 'vm-0', next: 'action' });
    restarted(both);
    for (const step of ['g[0].b', 'g[1].b']) both.succeed(step);
    expect(both.record('g[0].a'))
      .to.include({ status: 'running', phase: 'action' })
      .and.not.have.property('next');
    expect(both.record('g[0].a')).to.include({ dispatch: 2, attempt: 1 });
  });

  it('of the probe makes an interrupted action wait for that VM', () => {
    const w = workflow(a({ probe: script(), probeRunOn: vm(1) }));
    w.exit('g[0].a', 1);
    expect(agentOf(w, 'g[0].a')).to.equal('g-0');
    w.interrupt('g[0].a');
    expect(w.record('g[0].a')).to.include({ status: 'ready', agent: 'vm-1' });
    w.succeed('g[1].a');
    expect(w.record('g[0].a')).to.include({ status: 'running', phase: 'probe', agent: 'vm-1' });
    w.exit('g[0].a', 1);
    expect(w.record('g[0].a')).to.include({ status: 'running', phase: 'action', agent: 'g-0', attempt: 2 });
  });

  it('that names nobody fails the attempt as unreachable, and is asked again by a retry', () => {
    const w = workflow(
      a({ runOn: vm(data => (data.attempt === 1 ? -1 : 0)), retry: { attempts: 2, delay: 5 } }),
    );
    expect(w.record('g[0].a')?.error).to.include({ kind: 'unreachable', phase: 'action' });
    expect(w.record('g[0].a')?.error?.message).to.contain('run_on names no member.');
    w.due('g[0].a');
    expect(w.record('g[0].a')).to.include({ status: 'failed', tries: 2, attempt: 0, touched: false });
    expect(w.reason).to.equal('');
    w.due('g[1].a');
    expect(w.reason).to.contain("g[0].a on g-0 failed: run_on names no member. 'm' is absent");
  });

  it('that fails otherwise is final, as every expression', () => {
    const broken = expression(() => {
      throw new EngineError('expression_failed', 'It is wrong.', 'Correct it.');
    });
    const w = workflow(a({ runOn: broken, retry: { attempts: 5 } }));
    expect(w.record('g[0].a')).to.include({ status: 'failed', tries: 1 });
    expect(w.record('g[0].a')?.error).to.include({ kind: 'expression', message: 'It is wrong. Correct it.' });
  });

  describe('of an undo', () => {
    const undoing = (spec: StateSpec): Workflow => {
      const w = workflow(a(spec));
      for (const step of ['g[0].a', 'g[1].a', 'g[1].a']) if (w.record(step)?.command) w.succeed(step);
      w.send({ kind: 'delete', abandon: false, by: 'ann' });
      return w;
    };
    const lost = { kind: 'failed', error: { kind: 'unreachable', message: 'the VM is gone' } } as const;

    it('row 21: where its VM is gone has failed, since what it takes back may still be there', () => {
      const own = undoing({ undo: { action: script() } });
      own.finish('g[0].a', lost);
      expect(own.record('g[0].a')).to.include({ status: 'undone', cause: 'vm_lost' });
      const elsewhere = undoing({ undo: { action: script(), runOn: vm(0), onFailure: 'fail' } });
      elsewhere.finish('g[0].a', lost);
      expect(elsewhere.record('g[0].a')).to.include({ status: 'failed', cause: 'undo_failed' });
      elsewhere.succeed('g[1].a');
      expect(elsewhere.over).to.equal('delete_failed');
    });

    it('row 42: takes back in its own VM what failed in another, before the step has failed', () => {
      const w = workflow(
        a({
          runOn: vm(0),
          onFailure: 'undo',
          undo: { action: script(), runOn: vm(1) },
          retry: { attempts: 1 },
        }),
      );
      w.exit('g[0].a', 9);
      expect(w.record('g[0].a')).to.include({ status: 'undoing', phase: 'undo', agent: 'vm-1' });
      expect(agentOf(w, 'g[1].a'), 'the VM of the action is free again').to.equal('vm-0');
      w.exit('g[1].a', 9);
      expect(w.record('g[1].a')?.command, 'vm-1 is busy').to.equal(undefined);
      restarted(w).succeed('g[0].a');
      expect(w.record('g[0].a')).to.include({ status: 'failed', touched: false });
      w.succeed('g[1].a');
      expect(w.over).to.equal('failed');
    });

    it('without a line of its own, runs where the action ran', () => {
      const w = undoing({ runOn: vm(data => data.attempt ?? 0), undo: { action: script() } });
      expect(w.record('g[0].a')).to.include({ status: 'undoing', agent: 'vm-1' });
    });

    it('that names nobody is tried again, then told; an undo that cannot begin at all as well', () => {
      const tried = undoing({ undo: { action: script(), runOn: vm(-1), retry: { attempts: 2, delay: 5 } } });
      expect(tried.record('g[0].a')).to.deep.include({ status: 'undoing', tries: 1 });
      tried.due('g[0].a');
      expect(tried.record('g[0].a')).to.include({ status: 'undone', cause: 'undo_failed' });
      const never = undoing({ undo: { action: script(), runOn: vm(-1), onFailure: 'fail' } });
      expect(never.record('g[0].a')).to.include({ status: 'failed', cause: 'undo_failed' });
      expect(never.over).to.equal('delete_failed');
      never.send({ kind: 'delete', abandon: false, by: 'ann' });
      expect(never.over).to.equal('delete_failed');
    });
  });
});
