// Runs a workflow in virtual time: the machine that runs in production decides, a plan says what becomes of it.
// Belongs here: the loop and what machines would answer. Does not belong here: decisions (machine/), the plan
// (plan.ts), what is told of the course (recorder.ts).
//
// Pure: the same graph, inputs and plan give the same course, to the millisecond.
import type { EffectId, StepId } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import type { StateGraph, Step } from '../graph/types.ts';
import { outsideId, presentId } from '../graph/references.ts';
import { apply } from '../machine/apply.ts';
import { workflowDue } from '../machine/deadline.ts';
import { decide } from '../machine/decide.ts';
import { type Hash, initialState, type MachineState, recordOf } from '../machine/state.ts';
import type {
  Decision,
  Effect,
  MachineEvent,
  Outcome,
  Question,
  Report,
  WorkflowStatus,
} from '../machine/types.ts';
import { Agenda } from './agenda.ts';
import { type Asked, eventOf, hashed } from './asked.ts';
import { Machines } from './machines.ts';
import { outcomeOf, type RunTask, stage } from './nested.ts';
import { makePlan, type Plan } from './plan.ts';
import { Recorder } from './recorder.ts';
import type { Course, Misunderstood, Phase, Played, Refused, Wishes } from './types.ts';

/** Untimed; `source` is the step that it is about, `agent` the one that says it. */
interface Happening {
  readonly source?: StepId;
  readonly agent?: string;
  /** A person's answer, as the author said it. */
  readonly says?: string;
  readonly event: (at: number) => MachineEvent;
}

type Coming = Happening | { readonly asked: Asked };

const MOVING = new Set<WorkflowStatus>(['running', 'cancelling', 'undoing']);

/** From creation until nothing moves by itself. `inputs` are complete, hidden ones by reference. */
export function simulate(graph: StateGraph, inputs: JsonObject, plan: Plan, name = 'simulated'): Course {
  const simulation = new Simulation(graph, inputs, {
    name,
    plan,
    replan: () => ({ plan, misunderstood: [] }),
  });
  const { phases, misunderstood } = simulation.run([]);
  const [{ course }] = phases;
  return misunderstood.length > 0 ? { ...course, misunderstood } : course;
}

/**
 * The same with what is asked of it on the way: at its time, or, in the order given, each once nothing moves any more. A wish counts as
 * misunderstood when it means nothing from the beginning to the end.
 */
export function play(
  graph: StateGraph,
  inputs: JsonObject,
  wishes: Wishes,
  asked: readonly Asked[],
  name = 'simulated',
): Played {
  const { plan, misunderstood } = makePlan(graph, wishes);
  const replan = (next: StateGraph, given: Set<string>) => makePlan(next, wishes, given);
  // Without them nothing is compared, and that costs.
  const hash = asked.length > 0 ? hashed : undefined;
  const simulation = new Simulation(graph, inputs, { name, plan, replan, ...(hash && { hash }) });
  const played = simulation.run(asked);
  const strays = [misunderstood, ...simulation.replanned].reduce(stillWrong);
  return { ...played, misunderstood: [...strays, ...played.misunderstood] };
}

/** What was wrong before and is now; what has to be said now, whatever was before. */
const stillWrong = (before: readonly Misunderstood[], now: readonly Misunderstood[]): Misunderstood[] => [
  ...before.filter(one => one.lacks ?? now.some(({ wish }) => wish === one.wish)),
  ...now.filter(one => one.lacks && !before.some(({ message }) => message === one.message)),
];

/** What a simulation is run by. */
interface Way {
  readonly name: string;
  readonly plan: Plan;
  /** How things go in another graph of the workflow; `given`: steps that were answered already. */
  readonly replan: (graph: StateGraph, given: Set<string>) => ReturnType<typeof makePlan>;
  readonly hash?: Hash;
}

class Simulation {
  #graph: StateGraph;
  #plan: Plan;
  #state: MachineState;
  #recorder: Recorder;
  readonly #replan: Way['replan'];
  readonly #agenda = new Agenda<Coming>();
  readonly #machines = new Machines();
  readonly #misunderstood: Misunderstood[] = [];
  /** What each later plan does not understand. */
  readonly replanned: (readonly Misunderstood[])[] = [];
  readonly #phases: Phase[] = [];
  readonly #refused: Refused[] = [];
  /** Steps that were answered in the present phase. */
  #given = new Set<string>();
  #begun = { says: '', at: 0 };
  /** Answers that will be given. */
  #answers = 0;
  /** Wishes that have a time, and are to come. */
  #timed = 0;
  #wishes = 0;
  #now = 0;

  constructor(graph: StateGraph, inputs: JsonObject, { name, plan, replan, hash }: Way) {
    this.#graph = graph;
    this.#plan = plan;
    this.#replan = replan;
    this.#state = initialState(graph, { id: name, stackName: name, generation: 1, at: 0, inputs }, hash);
    this.#recorder = new Recorder(graph);
  }

  run(asked: readonly Asked[]): Played {
    const later = asked.filter(({ at }) => at === undefined);
    for (const one of asked) if (one.at !== undefined) this.#agenda.note(one.at, { asked: one });
    this.#timed = asked.length - later.length;
    this.#take(0, { event: at => ({ kind: 'create', at }) });
    for (;;) {
      this.#goOn();
      const next = later.shift();
      if (next === undefined) break;
      this.#demand(this.#now, next);
    }
    this.#closePhase();
    return {
      phases: this.#phases as unknown as Played['phases'],
      refused: this.#refused,
      misunderstood: this.#misunderstood,
    };
  }

  /** Until nothing moves by itself any more. */
  #goOn(): void {
    while (this.#goesOn) {
      const next = this.#agenda.next();
      if (next === undefined) break;
      this.#now = next.at;
      if ('asked' in next.item) {
        this.#timed -= 1;
        this.#demand(next.at, next.item.asked);
      } else if (!this.#isLost(next.item.agent, next.at)) this.#take(next.at, next.item);
    }
  }

  /** Held, it goes on when somebody will say something; standing still, when something will be asked. */
  get #goesOn(): boolean {
    const { status } = this.#state.workflow;
    return MOVING.has(status) || (status === 'held' && this.#answers > 0) || this.#timed > 0;
  }

  #demand(at: number, asked: Asked): void {
    const { says } = asked;
    this.#wishes += 1;
    const found = eventOf(asked, this.#graph, this.#wishes, at);
    const decision =
      'event' in found ? decide(this.#graph, this.#state, found.event, arriving(asked)) : undefined;
    const rejected = 'refused' in found ? found.refused : decision?.rejected;
    if (rejected !== undefined || decision === undefined)
      return void this.#refused.push({ says, at, message: '', next: '', ...rejected });
    this.#closePhase(at);
    this.#begun = { says, at };
    this.#given = new Set();
    const { graph, state } = decision.next ?? { graph: this.#graph, state: this.#state };
    this.#recorder = new Recorder(graph, at, state);
    this.#follow(at, {}, decision);
  }

  #closePhase(until?: number): void {
    const { says, at } = this.#begun;
    const course = this.#recorder.course(this.#state, until);
    const { operations = [] } = this.#state.workflow;
    const ended = operations.find(one => one.startedAt === at && says !== '');
    const operation = ended && { status: ended.status, reason: ended.reason };
    this.#phases.push({ says, at, course, graph: this.#graph, ...(operation && { operation }) });
  }

  #take(at: number, coming: Happening): void {
    if (coming.says !== undefined) this.#answers -= 1;
    this.#follow(at, coming, decide(this.#graph, this.#state, coming.event(at)));
  }

  #enter({ graph, state }: NonNullable<Decision['next']>): void {
    this.#graph = graph;
    this.#state = state;
    this.#recorder.enter(graph);
    const { plan, misunderstood } = this.#replan(graph, this.#given);
    this.#plan = plan;
    this.replanned.push(misunderstood);
  }

  #follow(at: number, { source, says }: Omit<Happening, 'event'>, decision: Decision): void {
    const { changes, effects, next } = decision;
    if (next !== undefined) this.#enter(next);
    apply(this.#graph, this.#state, changes);
    this.#recorder.note(this.#state, changes, at, source);
    if (says !== undefined && source !== undefined) this.#recorder.noteAnswer(source, at, says);
    for (const change of changes) {
      if (change.kind === 'workflow') this.#timeWhole(workflowDue(change.record));
      if (change.kind === 'step' && change.from !== 'paused' && change.record.status === 'paused')
        this.#ask(change.step, change.record.asks, at);
      if (change.kind !== 'step' || !change.record.due) continue;
      // By the name that it keeps: until then it may get others.
      const number = this.#graph.stepById.get(change.step) as number;
      const step = outsideId(this.#graph.steps[number] as Step);
      this.#agenda.note(change.record.due.at, {
        source: step,
        event: then => ({ kind: 'timer', step: presentId(this.#graph, step), at: then }),
      });
    }
    for (const effect of effects) {
      if (effect.kind === 'start') this.#start(effect, at);
      else this.#callBack(effect, at);
    }
  }

  #ask(id: StepId, asks: Question | undefined, at: number): void {
    const step = this.#graph.steps[this.#graph.stepById.get(id) as number] as Step;
    const reply = this.#plan.answer(step, asks);
    if (reply === undefined) return;
    this.#answers += 1;
    this.#agenda.note(at + reply.after, { source: outsideId(step), says: reply.says, event: reply.event });
  }

  #timeWhole(due: number | undefined): void {
    if (due !== undefined) this.#agenda.note(due, { event: at => ({ kind: 'timer', at }) });
  }

  #isLost(agent: string | undefined, at: number): boolean {
    return agent !== undefined && at >= (this.#plan.lostAt(agent) ?? Number.POSITIVE_INFINITY);
  }

  #start(effect: Extract<Effect, { readonly kind: 'start' }>, at: number): void {
    const { id, command } = effect;
    if (
      command.action.kind === 'workflow' &&
      command.action.task === 'run' &&
      this.#play(id, command.action, at)
    )
      return;
    const { agent } = command;
    const number = this.#graph.stepByOutside.get(id.step) as number;
    if (this.#isLost(agent, at)) return;
    const whose = { source: id.step, ...(agent !== undefined && { agent }) };
    const from = this.#machines.begin(command, at);
    if (from > at || (agent !== undefined && this.#plan.lostAt(agent) !== undefined)) {
      const report = { kind: 'started' } as const;
      this.#agenda.note(from, { ...whose, event: then => ({ kind: 'report', id, report, at: then }) });
    }
    const { after, outcome } = this.#end(this.#graph.steps[number] as Step, command.timeout);
    this.#machines.note(command, from + after);
    const report = { kind: 'finished', outcome } as const;
    this.#agenda.note(from + after, { ...whose, event: then => ({ kind: 'report', id, report, at: then }) });
  }

  /** Plays the child through, unless the author says how long it takes or that it fails; its end is the command's. */
  #play(id: EffectId, task: RunTask, at: number): boolean {
    const step = this.#graph.steps[this.#graph.stepByOutside.get(id.step) as number] as Step;
    const wishes = this.#plan.child(step);
    if (
      wishes === undefined ||
      this.#plan.fate(step, recordOf(this.#state, step.number).attempt) !== 'succeeds'
    )
      return false;
    const staged = stage(this.#graph, task);
    if ('refused' in staged) {
      this.#report(id, at, {
        kind: 'finished',
        outcome: { kind: 'refused', message: staged.refused },
      });
      return true;
    }
    const { plan, misunderstood } = makePlan(staged.graph, wishes);
    this.#misunderstood.push(...misunderstood);
    const shifted = { ...plan, lostAt: (agent: string) => since(this.#plan.lostAt(agent), at) };
    const course = simulate(staged.graph, staged.inputs, shifted, task.child);
    this.#recorder.noteChild(id.step, staged.graph, course);
    this.#endWith(step, id, { task, course }, at);
    return true;
  }

  #endWith(
    step: Step,
    id: EffectId,
    { task, course }: { readonly task: RunTask; readonly course: Course },
    at: number,
  ): void {
    const { allowed = Number.POSITIVE_INFINITY } = task;
    const isLate = course.makespan > allowed || course.status === 'held';
    const after = Math.min(course.makespan, allowed);
    const outcome = outcomeOf(step, course, this.#plan.outputs(step));
    if (isLate && allowed < Number.POSITIVE_INFINITY)
      return this.#report(id, at + allowed, { kind: 'finished', outcome: timedOut(allowed) });
    if (outcome === undefined) return this.#report(id, at + after, { kind: 'held', reason: course.reason });
    this.#report(id, at + after, { kind: 'finished', outcome });
  }

  #report(id: EffectId, at: number, report: Report): void {
    this.#agenda.note(at, { source: id.step, event: then => ({ kind: 'report', id, report, at: then }) });
  }

  /** A machine that is there obeys at once; one that has just finished has said so already. */
  #callBack(effect: Extract<Effect, { readonly kind: 'cancel' }>, at: number): void {
    const { id, agent } = effect;
    const report = { kind: 'finished', outcome: { kind: 'refused', message: 'It was cancelled.' } } as const;
    this.#agenda.note(at, {
      source: id.step,
      ...(agent !== undefined && { agent }),
      event: then => ({ kind: 'report', id, report, at: then }),
    });
  }

  #end(step: Step, timeout: number): { readonly after: number; readonly outcome: Outcome } {
    const { phase, attempt } = recordOf(this.#state, step.number);
    const acts = phase === 'action';
    const fate = acts ? this.#plan.fate(step, attempt) : 'succeeds';
    const whole = this.#plan.duration(step, phase ?? 'action');
    const takes = fate === 'reboots' ? Math.round(whole / 2) : whole;
    if (takes > timeout) return { after: timeout, outcome: timedOut(timeout) };
    if (phase === 'rescue' || phase === 'undo')
      return { after: takes, outcome: { kind: 'succeeded', outputs: {} } };
    if (!acts) return { after: takes, outcome: NOT_SO };
    switch (fate) {
      case 'succeeds':
        return { after: takes, outcome: { kind: 'succeeded', outputs: this.#plan.outputs(step) } };
      case 'fails':
        return { after: takes, outcome: FAILED };
      case 'reboots':
        // Whoever rebooted it: a new boot is what the action waits for.
        if (step.state.action?.kind === 'reboot')
          return { after: takes, outcome: { kind: 'succeeded', outputs: {} } };
        return { after: takes, outcome: REBOOTED };
      default:
        return fate satisfies never;
    }
  }
}

const arriving = (asked: Asked) => (asked.kind === 'update' ? asked.definition : undefined);

/** Of the parent's time the child's. */
const since = (time: number | undefined, at: number): number | undefined =>
  time === undefined ? undefined : Math.max(0, time - at);

/** A probe looks at machines on which nothing was done yet. */
const NOT_SO: Outcome = { kind: 'failed', error: { kind: 'exit', message: 'exit 1', exitCode: 1 } };
const FAILED: Outcome = {
  kind: 'failed',
  error: { kind: 'exit', message: 'exit 1, as the simulation was asked for', exitCode: 1 },
};
const REBOOTED: Outcome = { kind: 'interrupted', evidence: 'the machine rebooted in the middle of it' };

function timedOut(timeout: number): Outcome {
  const message = `It would take longer than its timeout of ${Math.round(timeout / 1000)} s.`;
  return { kind: 'failed', error: { kind: 'timeout', message } };
}
