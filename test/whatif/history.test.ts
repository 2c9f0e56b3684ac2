// Durations out of a log: what really took how long.
// Belongs here: which attempts count, and how. Does not belong here: the simulation that uses them.
import { expect } from 'chai';
import { apply } from '../../engine/machine/apply.ts';
import { decide } from '../../engine/machine/decide.ts';
import type { Change } from '../../engine/machine/types.ts';
import { durationsIn } from '../../engine/whatif/history.ts';
import { definition, entity, membership, script, state } from '../support/definitions.ts';
import { type Untimed, Workflow } from '../support/workflow.ts';

/** A workflow whose log keeps its times. */
class Logged extends Workflow {
  readonly entries: { readonly at: number; readonly change: Change }[] = [];

  override send(event: Untimed): ReturnType<Workflow['send']> {
    const timed = { ...event, at: this.now } as Parameters<typeof decide>[2];
    const decision = decide(this.graph, this.state, timed);
    apply(this.graph, this.state, decision.changes);
    this.entries.push(...decision.changes.map(change => ({ at: this.now, change })));
    return decision;
  }
}

function logged(members: number, ...states: Parameters<typeof state>[2][]): Logged {
  const made = states.map((spec, at) =>
    state('g', `s${at}`, { ...spec, ...(at > 0 && { needs: [`s${at - 1}`] }) }),
  );
  const g = entity('g', { states: made });
  const w = new Logged(definition([g], [`g.s${states.length - 1}`]), membership({ g: members }));
  w.create();
  return w;
}

describe('durations of the past', () => {
  it('are the median of all members, from the start of an attempt to its end', () => {
    const w = logged(3, {});
    for (const [at, ms] of [2_000, 7_000, 60_000].entries()) {
      w.now = 1_000 + ms;
      w.report(`g[${at}].s0`, { kind: 'started' });
      w.succeed(`g[${at}].s0`);
    }
    expect([...durationsIn(w.entries)]).to.eql([['g.s0', 7_000]]);
  });

  it('count no failed attempt and no wait between attempts', () => {
    const w = logged(1, { retry: { attempts: 2, delay: 30_000, jitter: 0 } });
    w.now += 50_000;
    w.exit('g[0].s0', 1);
    w.due('g[0].s0');
    w.now += 4_000;
    w.succeed('g[0].s0');
    expect([...durationsIn(w.entries)]).to.eql([['g.s0', 4_000]]);
  });

  it('count no failure that is tolerated', () => {
    const w = logged(1, { onFailure: 'continue' }, {});
    w.now += 5_000;
    w.exit('g[0].s0', 1);
    w.now += 6_000;
    w.succeed('g[0].s1');
    expect([...durationsIn(w.entries)]).to.eql([['g.s1', 6_000]]);
  });

  it('tell looks apart from what they look for, and say nothing of what never ran', () => {
    const w = logged(1, { probe: script() }, {});
    w.now += 3_000;
    w.exit('g[0].s0', 1);
    w.now += 10_000;
    w.succeed('g[0].s0');
    w.send({ kind: 'cancel', by: 'ann' });
    expect([...durationsIn(w.entries)]).to.eql([
      ['probe', 3_000],
      ['g.s0', 10_000],
    ]);
  });
});
