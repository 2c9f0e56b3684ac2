// A workflow from create to delete on the plain path.
// Belongs here: the first promises of the machine. Does not belong here: corner cases (rules.test.ts), tables.
import { expect } from 'chai';
import { restore } from '../../engine/machine/state.ts';
import { dueTimers, pendingEffects } from '../../engine/machine/pending.ts';
import { definition, entity, join, membership, script, state } from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const cluster = definition(
  [
    entity('sql', {
      roles: [{ name: 'master', choose: 'lowest_index', among: 'prepared' }],
      states: [
        state('sql', 'prepared', {
          retry: { attempts: 3, delay: 30_000, backoff: 2 },
          undo: { action: script() },
        }),
        state('sql', 'created', {
          once: { role: 'master' },
          needs: ['sql.prepared'],
          undo: { action: script() },
        }),
        state('sql', 'joined', { except: ['master'], needs: ['sql.created'] }),
      ],
    }),
    entity('service', { type: 'service', states: [join('service', 'deployed', { needs: ['sql.joined'] })] }),
  ],
  ['service.deployed'],
);

describe('a workflow', () => {
  it('goes through barrier, role and once to its goal', () => {
    const w = new Workflow(cluster, membership({ sql: 3 })).create();
    expect(w.out()).to.eql(['sql[0].prepared', 'sql[1].prepared', 'sql[2].prepared']);
    w.succeed('sql[2].prepared');
    w.succeed('sql[0].prepared');
    expect(w.out()).to.eql(['sql[1].prepared']);
    w.succeed('sql[1].prepared');
    expect(w.state.workflow.roles).to.eql({ 'sql.master': 'sql-0' });
    expect(w.out()).to.eql(['sql.created']);
    expect(w.record('sql.created')?.agent).to.equal('sql-0');
    w.succeed('sql.created');
    expect(w.record('sql[0].joined')).to.include({ status: 'skipped', cause: 'not_the_role' });
    w.succeed('sql[1].joined');
    expect(w.over).to.equal('running');
    w.succeed('sql[2].joined');
    expect(w.over).to.equal('complete');
    expect(w.status('service.deployed')).to.equal('reached');
  });

  it('retries after a growing delay, then fails with the reason, and is resumed', () => {
    const w = new Workflow(cluster, membership({ sql: 2 })).create();
    w.succeed('sql[1].prepared');
    w.exit('sql[0].prepared', 3);
    expect(w.record('sql[0].prepared')).to.deep.include({
      status: 'waiting',
      due: { at: w.now + 30_000, for: 'retry' },
    });
    w.due('sql[0].prepared');
    w.exit('sql[0].prepared', 3);
    expect(w.record('sql[0].prepared')?.due).to.eql({ at: w.now + 60_000, for: 'retry' });
    w.due('sql[0].prepared');
    w.exit('sql[0].prepared', 3, 'no space left');
    expect(w.over).to.equal('failed');
    expect(w.reason).to.equal('sql[0].prepared on sql-0 failed: exit 3: no space left');
    expect(w.status('sql.created')).to.equal('blocked');
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.over).to.equal('running');
    expect(w.status('sql.created')).to.equal('waiting');
    w.succeed('sql[0].prepared');
    w.succeed('sql.created');
    // The choice was made when sql[0] had failed; it stays.
    expect(w.record('sql.created')?.agent).to.equal('sql-1');
    w.succeed('sql[0].joined');
    expect(w.over).to.equal('complete');
  });

  it('is undone against its edges, in parallel where it can be', () => {
    const w = new Workflow(cluster, membership({ sql: 2 })).create();
    for (const step of ['sql[0].prepared', 'sql[1].prepared', 'sql.created', 'sql[1].joined'])
      w.succeed(step);
    w.send({ kind: 'delete', abandon: false, by: 'heat' });
    expect(w.record('sql[1].joined')).to.include({ status: 'undone', cause: 'nothing_to_undo' });
    expect(w.out()).to.eql(['sql.created']);
    w.succeed('sql.created');
    expect(w.out()).to.eql(['sql[0].prepared', 'sql[1].prepared']);
    w.succeed('sql[0].prepared');
    w.succeed('sql[1].prepared');
    expect(w.over).to.equal('deleted');
  });

  it('deleted in mid-create calls back what runs and awaits it', () => {
    const w = new Workflow(cluster, membership({ sql: 2 })).create();
    w.succeed('sql[0].prepared');
    const { effects } = w.send({ kind: 'delete', abandon: false, by: 'heat' });
    expect(effects.map(effect => `${effect.kind} ${effect.id.step}`)).to.eql([
      'cancel sql[1].prepared',
      'start sql[0].prepared',
    ]);
    w.finish('sql[1].prepared', { kind: 'failed', error: { kind: 'cancelled', message: 'killed' } });
    expect(w.record('sql[1].prepared')).to.include({ status: 'undoing', phase: 'undo' });
    w.succeed('sql[1].prepared');
    w.succeed('sql[0].prepared');
    expect(w.over).to.equal('deleted');
  });

  it('goes on from its stored records with the same commands and timers', () => {
    const w = new Workflow(cluster, membership({ sql: 2 })).create();
    w.exit('sql[0].prepared', 1);
    const steps = w.state.records.flatMap((record, number) => (record ? [{ number, record }] : []));
    const again = restore(w.graph, w.state.workflow, steps, {}, w.state.hash);
    expect(again).to.eql(w.state);
    expect(pendingEffects(w.graph, again)).to.eql([w.effects[1]]);
    expect(dueTimers(w.graph, again)).to.have.length(2);
  });

  it('tells with a command that is sent again whether it was started, and when its time is over', () => {
    const w = new Workflow(cluster, membership({ sql: 1 })).create();
    const effect = w.effects[0];
    w.report('sql[0].prepared', { kind: 'accepted' });
    expect(pendingEffects(w.graph, w.state)).to.eql([effect]);
    w.now += 5_000;
    w.report('sql[0].prepared', { kind: 'started' });
    const timeout = effect?.kind === 'start' ? effect.command.timeout : 0;
    const endsAt = w.now + timeout;
    expect(pendingEffects(w.graph, w.state)).to.eql([{ ...effect, begun: { endsAt } }]);
  });
});
