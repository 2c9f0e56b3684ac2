// Runs a workflow in virtual time: the machine that runs in production decides, a plan says what becomes of it.
// Belongs here: the loop and what machines would answer. Does not belong here: decisions (machine/), the plan
// (plan.ts), what is told of the course (recorder.ts).
//
// Pure: the same graph, inputs and plan give the same course, to the millisecond.
import type { EffectId, StepId } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import type { StateGraph, Step } from '../graph/types.ts';
import { apply } from '../machine/apply.ts';
import { workflowDue } from '../machine/deadline.ts';
import { decide } from '../machine/decide.ts';
import { initialState, type MachineState, recordOf } from '../machine/state.ts';
import type { Effect, MachineEvent, Outcome, Question, Report, WorkflowStatus } from '../machine/types.ts';
import { Agenda } from './agenda.ts';
import { Machines } from './machines.ts';
import { outcomeOf, type RunTask, stage } from './nested.ts';
import { makePlan, type Plan } from './plan.ts';
import { Recorder } from './recorder.ts';
import type { Course, Misunderstood } from './types.ts';

/** Untimed; `source` is the step that it is about, `agent` the one that says it. */
interface Coming {
  readonly source?: number;
  readonly agent?: string;
  /** A person's answer, as the author said it. */
  readonly says?: string;
  readonly event: (at: number) => MachineEvent;
}

const MOVING = new Set<WorkflowStatus>(['running', 'cancelling', 'undoing']);

/** From creation until nothing moves by itself. `inputs` are complete, hidden ones by reference. */
export function simulate(graph: StateGraph, inputs: JsonObject, plan: Plan, name = 'simulated'): Course {
  return new Simulation(graph, inputs, plan, name).run();
}

class Simulation {
  readonly #graph: StateGraph;
  readonly #plan: Plan;
  readonly #state: MachineState;
  readonly #agenda = new Agenda<Coming>();
  readonly #machines = new Machines();
  readonly #recorder: Recorder;
  readonly #misunderstood: Misunderstood[] = [];
  /** Answers that will be given. */
  #answers = 0;

  constructor(graph: StateGraph, inputs: JsonObject, plan: Plan, name: string) {
    this.#graph = graph;
    this.#plan = plan;
    this.#state = initialState(graph, { id: name, stackName: name, generation: 1, at: 0, inputs });
    this.#recorder = new Recorder(graph);
  }

  run(): Course {
    this.#take(0, { event: at => ({ kind: 'create', at }) });
    while (this.#goesOn) {
      const next = this.#agenda.next();
      if (next === undefined) break;
      if (!this.#isLost(next.item.agent, next.at)) this.#take(next.at, next.item);
    }
    const course = this.#recorder.course(this.#state);
    return this.#misunderstood.length > 0 ? { ...course, misunderstood: this.#misunderstood } : course;
  }

  /** Held, it goes on when somebody will say something. */
  get #goesOn(): boolean {
    const { status } = this.#state.workflow;
    return MOVING.has(status) || (status === 'held' && this.#answers > 0);
  }

  #take(at: number, { source, says, event }: Coming): void {
    if (says !== undefined) this.#answers -= 1;
    const { changes, effects } = decide(this.#graph, this.#state, event(at));
    apply(this.#graph, this.#state, changes);
    this.#recorder.note(this.#state, changes, at, source);
    if (says !== undefined && source !== undefined) this.#recorder.noteAnswer(source, at, says);
    for (const change of changes) {
      if (change.kind === 'workflow') this.#timeWhole(workflowDue(change.record));
      if (change.kind === 'step' && change.from !== 'paused' && change.record.status === 'paused')
        this.#ask(change.step, change.record.asks, at);
      if (change.kind !== 'step' || !change.record.due) continue;
      const { step } = change;
      const source = this.#graph.stepById.get(step) as number;
      this.#agenda.note(change.record.due.at, { source, event: then => ({ kind: 'timer', step, at: then }) });
    }
    for (const effect of effects) {
      if (effect.kind === 'start') this.#start(effect, at);
      else this.#callBack(effect, at);
    }
  }

  #ask(id: StepId, asks: Question | undefined, at: number): void {
    const source = this.#graph.stepById.get(id) as number;
    const reply = this.#plan.answer(this.#graph.steps[source] as Step, asks);
    if (reply === undefined) return;
    this.#answers += 1;
    this.#agenda.note(at + reply.after, { source, says: reply.says, event: reply.event });
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
    const source = this.#graph.stepById.get(id.step) as number;
    if (this.#isLost(agent, at)) return;
    const whose = { source, ...(agent !== undefined && { agent }) };
    const from = this.#machines.begin(command, at);
    if (from > at || (agent !== undefined && this.#plan.lostAt(agent) !== undefined)) {
      const report = { kind: 'started' } as const;
      this.#agenda.note(from, { ...whose, event: then => ({ kind: 'report', id, report, at: then }) });
    }
    const { after, outcome } = this.#end(this.#graph.steps[source] as Step, command.timeout);
    this.#machines.note(command, from + after);
    const report = { kind: 'finished', outcome } as const;
    this.#agenda.note(from + after, { ...whose, event: then => ({ kind: 'report', id, report, at: then }) });
  }

  /** Plays the child through, unless the author says how long it takes or that it fails; its end is the command's. */
  #play(id: EffectId, task: RunTask, at: number): boolean {
    const source = this.#graph.stepById.get(id.step) as number;
    const step = this.#graph.steps[source] as Step;
    const wishes = this.#plan.child(step);
    if (wishes === undefined || this.#plan.fate(step, recordOf(this.#state, source).attempt) !== 'succeeds')
      return false;
    const staged = stage(this.#graph, task);
    if ('refused' in staged) {
      this.#report(source, id, at, {
        kind: 'finished',
        outcome: { kind: 'refused', message: staged.refused },
      });
      return true;
    }
    const { plan, misunderstood } = makePlan(staged.graph, wishes);
    this.#misunderstood.push(...misunderstood);
    const shifted = { ...plan, lostAt: (agent: string) => since(this.#plan.lostAt(agent), at) };
    const course = simulate(staged.graph, staged.inputs, shifted, task.child);
    this.#recorder.noteChild(source, staged.graph, course);
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
      return this.#report(step.number, id, at + allowed, { kind: 'finished', outcome: timedOut(allowed) });
    if (outcome === undefined)
      return this.#report(step.number, id, at + after, { kind: 'held', reason: course.reason });
    this.#report(step.number, id, at + after, { kind: 'finished', outcome });
  }

  #report(source: number, id: EffectId, at: number, report: Report): void {
    this.#agenda.note(at, { source, event: then => ({ kind: 'report', id, report, at: then }) });
  }

  /** A machine that is there obeys at once; one that has just finished has said so already. */
  #callBack(effect: Extract<Effect, { readonly kind: 'cancel' }>, at: number): void {
    const { id, agent } = effect;
    const source = this.#graph.stepById.get(id.step) as number;
    const report = { kind: 'finished', outcome: { kind: 'refused', message: 'It was cancelled.' } } as const;
    this.#agenda.note(at, {
      source,
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
