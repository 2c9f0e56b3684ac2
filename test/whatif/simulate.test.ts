import { expect } from 'chai';
import fc from 'fast-check';
import type { JsonObject } from '../../engine/base/json.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import type { StateGraph } from '../../engine/graph/types.ts';
import { Agenda } from '../../engine/whatif/agenda.ts';
import { makePlan } from '../../engine/whatif/plan.ts';
import { simulate } from '../../engine/whatif/simulate.ts';
import { withoutSecrets } from '../../engine/whatif/values.ts';
import type { Course, Misunderstood, Wishes } from '../../engine/whatif/types.ts';
import { membership } from '../support/definitions.ts';

const YAML = `
workflow_version: 2026-11-01
inputs:
  password: {type: string, hidden: true}
entities:
  db:
    type: vm_group
    members: {min: 1, max: 1000}
    roles:
      first: {choose: lowest_index, among: ready}
    states:
      ready:
        action: {script: {bash: 'true', inputs: {password: '<% inputs.password %>'}}}
        outputs: {port: {type: integer}}
      clean:
        action: {script: {bash: 'true'}}
        on_failure: {then: continue}
      made:
        once: first
        requires: [db.ready]
        action: {script: {bash: 'true', inputs: {port: '<% db.first.outputs.ready.port %>'}}}
        outputs: {token: {type: string, hidden: true}}
      joined:
        requires: [db.made, clean]
        action: {script: {bash: 'true'}}
        retry: {attempts: 2, delay: 10s, jitter: 0}
        on_interrupted: rerun
        timeout: 5m
        on_failure: {then: pause}
  service:
    type: service
    states:
      up: {requires: [db.joined]}
goal: service.up
outputs:
  port: {value: '<% db.first.outputs.ready.port %>'}
`;

const NOTHING: Wishes = { durations: new Map(), outputs: new Map(), fail: [], reboot: [], lose: [] };

function graphOf(db: number, yaml: string): StateGraph {
  const { definition, problems } = parseDefinition(yaml, { fileName: 'x.yaml', files: {} });
  if (!definition) throw new Error(JSON.stringify(problems));
  return compileGraph(definition, membership({ db }));
}

function plans(
  db: number,
  wishes: Partial<Wishes>,
  yaml = YAML,
): { graph: StateGraph; misunderstood: readonly Misunderstood[]; course: () => Course } {
  const graph = graphOf(db, yaml);
  const { plan, misunderstood } = makePlan(graph, { ...NOTHING, ...wishes });
  const inputs: JsonObject = withoutSecrets(graph.definition, { password: 'x' });
  return { graph, misunderstood, course: () => simulate(graph, inputs, plan) };
}

const played = (db: number, wishes: Partial<Wishes> = {}): Course => plans(db, wishes).course();
const step = (course: Course, id: string) => {
  const found = course.steps.find(each => each.id === id);
  if (!found) throw new Error(`no step ${id}`);
  return found;
};

describe('a simulation', () => {
  it('takes all steps to the goal, each at its time, one at a time on each machine', () => {
    const course = played(2);
    expect(course.status).to.equal('complete');
    expect(course.makespan).to.equal(4 * 60_000);
    expect(step(course, 'db[0].ready').start).to.equal(0);
    expect(step(course, 'db[0].clean').start).to.equal(60_000);
    expect(step(course, 'service.up')).to.include({ status: 'reached', since: 240_000, attempts: 0 });
    expect(course.roles).to.have.property('db.first');
  });

  it('names a critical path without gaps, as long as the whole, and says where a machine was busy', () => {
    const course = played(2);
    const [first] = course.criticalPath;
    expect(first?.from).to.equal(0);
    for (const [place, link] of course.criticalPath.entries())
      expect(link.to).to.equal(course.criticalPath[place + 1]?.from ?? course.makespan);
    expect(course.criticalPath.map(link => link.after)).to.include('machine');
  });

  it('R4: shows members that take turns one after the other, and says so on the critical path', () => {
    const serial = YAML.replace('      clean:\n', '      clean:\n        serial: 1\n');
    const course = plans(3, {}, serial).course();
    const starts = [0, 1, 2].map(index => step(course, `db[${index}].clean`).start ?? 0);
    expect(starts).to.deep.equal([...new Set(starts)].toSorted((a, b) => a - b));
    expect(course.criticalPath.map(link => link.after)).to.include('turn');
  });

  it('takes the duration of the step before that of its state, of its kind and a guess', () => {
    const durations = new Map([
      ['script', 10_000],
      ['db.ready', 20_000],
      ['db[1].ready', 30_000],
    ]);
    const course = played(2, { durations });
    const took = (id: string) => {
      const [span] = step(course, id).spans;
      return (span?.to ?? 0) - (span?.from ?? 0);
    };
    expect([took('db[0].ready'), took('db[1].ready'), took('db.made')]).to.deep.equal([
      20_000, 30_000, 10_000,
    ]);
  });

  it('gives made-up outputs of the declared types, or those that are said', () => {
    expect(played(1).outputs).to.deep.equal({ port: 1 });
    const outputs = new Map<string, JsonObject>([['db.ready', { port: 5432 }]]);
    expect(played(1, { outputs }).outputs).to.deep.equal({ port: 5432 });
  });

  it('judges said outputs as those of a script are judged', () => {
    const course = played(1, { outputs: new Map<string, JsonObject>([['db.ready', { port: 'many' }]]) });
    expect(course.status).to.equal('failed');
    expect(step(course, 'db[0].ready').error?.kind).to.equal('outputs');
  });

  it('fails what is to fail, and blocks what stands on it', () => {
    const course = played(2, { fail: ['db[1].ready'] });
    expect(course.status).to.equal('failed');
    expect(course.reason).to.include('db[1].ready');
    expect(step(course, 'db.made').status).to.equal('blocked');
    expect(course.goalAt).to.equal(undefined);
  });

  const playedWith = (top: string, fail: readonly string[] = []): Course => {
    const source = YAML.replace('inputs:', `${top}\ninputs:`);
    const { definition, problems } = parseDefinition(source, { fileName: 'x.yaml', files: {} });
    if (!definition) throw new Error(JSON.stringify(problems));
    const graph = compileGraph(definition, membership({ db: 2 }));
    const { plan } = makePlan(graph, { ...NOTHING, fail });
    return simulate(graph, withoutSecrets(definition, { password: 'x' }), plan);
  };

  it('takes back what was started where a failure is undone', () => {
    const course = playedWith('on_workflow_failure: undo', ['db.made']);
    expect(course.status).to.equal('failed');
    expect(course.reason).to.contain('what was started is undone');
    expect(step(course, 'db[0].ready').status).to.equal('undone');
  });

  it('ends at the deadline', () => {
    const course = playedWith('deadline: 90s');
    expect([course.status, course.makespan]).to.eql(['failed', 90_000]);
    expect(course.reason).to.contain('Not complete within its deadline of 1m30s');
    expect(course.reason.match(/has passed/g)).to.have.length(
      course.reason.match(/was interrupted/g)?.length ?? 0,
    );
  });

  it('goes on where a failure is tolerated', () => {
    expect(step(played(2, { fail: ['db.clean'] }), 'db[0].clean')).to.include({
      status: 'reached',
      cause: 'tolerated',
    });
  });

  it('retries, after the delay, what fails for the first attempts only', () => {
    const joined = step(played(1, { fail: ['db[0].joined=1'] }), 'db[0].joined');
    expect(joined).to.include({ status: 'reached', attempts: 2 });
    expect((joined.spans[1]?.from ?? 0) - (joined.spans[0]?.to ?? 0)).to.equal(10_000);
    expect(joined.spans.map(span => span.good)).to.deep.equal([false, true]);
  });

  it('stands still where an operator is asked', () => {
    const course = played(1, { fail: ['db.joined'] });
    expect(course.status).to.equal('held');
    expect(course.asked).to.deep.equal(['db[0].joined']);
  });

  it('interrupts what a reboot interrupts, by the rule of the state', () => {
    expect(step(played(1, { reboot: ['db[0].joined'] }), 'db[0].joined')).to.include({
      status: 'reached',
      attempts: 2,
    });
  });

  it('hears nothing of a lost machine: not at all, or not after a time', () => {
    const never = step(played(2, { lose: ['db[1]'] }), 'db[1].ready');
    expect(never.error?.kind).to.equal('unreachable');
    const later = played(2, { lose: ['db[1]@30s'] });
    expect(step(later, 'db[1].ready').error?.kind).to.equal('interrupted');
    expect(step(later, 'db[0].ready').status).to.equal('reached');
  });

  it('stops an attempt that takes longer than its timeout', () => {
    const durations = new Map([['db.joined', 600_000]]);
    expect(step(played(1, { durations }), 'db[0].joined').error?.kind).to.equal('timeout');
  });

  it('is the same every time', () => {
    const wishes = { fail: ['db[1].joined=1'], reboot: ['db[2].ready'], lose: ['db[0]@90s'] };
    expect(played(3, wishes)).to.deep.equal(played(3, wishes));
  });

  it('asks the machine twice as often for twice the members, no more', () => {
    const [one, two] = [played(50).events, played(100).events];
    expect(two / one).to.be.lessThan(2.1);
  });

  for (const [wishes, message] of [
    [{ fail: ['db[7].ready'] }, "There is no step 'db[7].ready'. Its last step is db[1].ready."],
    [{ fail: ['db.raedy'] }, "There is no step 'db.raedy'. Did you mean 'db.ready'?"],
    [{ reboot: ['service.up'] }, 'service.up has no action: nothing runs on a machine that could fail.'],
    [{ lose: ['db[9]'] }, "There is no member 'db[9]'. db has 2 here"],
    [{ lose: ['bd'] }, "There is no member 'bd'. Did you mean 'db'?"],
    [
      { durations: new Map([['db.redy', 1]]) },
      "There is no step or state 'db.redy'. Did you mean 'db.ready'?",
    ],
    [
      { outputs: new Map([['db.ready', { prot: 1 }]]) },
      "db.ready has no output 'prot'. Did you mean 'port'?",
    ],
  ] as const)
    it(`says: ${message}`, () => {
      const [wrong] = plans(2, wishes as Partial<Wishes>).misunderstood;
      expect(`${wrong?.message} ${wrong?.hint ?? ''}`).to.include(message);
    });
});

describe('an agenda', () => {
  it('gives what was noted by time, and at one time in the order of noting', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), times => {
        const agenda = new Agenda<number>();
        for (const [order, at] of times.entries()) agenda.note(at, order);
        const given = Array.from(times, () => agenda.next());
        const wanted = times.map((at, item) => ({ at, item })).sort((a, b) => a.at - b.at || a.item - b.item);
        expect(given.map(each => ({ at: each?.at, item: each?.item }))).to.deep.equal(wanted);
        expect(agenda.next()).to.equal(undefined);
      }),
    );
  });
});
