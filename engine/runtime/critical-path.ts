// The chain that took longest: backwards from what came last, each time to what let it begin.
// Belongs here: finding the chain in what a log tells. Does not belong here: reading the log (timeline.ts), a chain in
// virtual time, where every event says what it is about (whatif/recorder.ts).
//
// A log says what changed, not which event changed it. What let a step begin is the last of what it requires that came to
// rest before it began; of a step that had to wait for its machine (it was `ready`), the last that ran there. Cost: each
// link looks at what its step requires and, at most, at all that ran on one machine.
import type { StepId } from '../base/ids.ts';
import type { StateGraph, Step } from '../graph/types.ts';
import type { TimelineLink, Trace } from './timeline.ts';

type Traces = ReadonlyMap<StepId, Trace>;
type Found = { readonly step: Step; readonly after: TimelineLink['after'] };

/** From the workflow's beginning to the step that came last, or that still runs. */
export function criticalPath(graph: StateGraph, traces: Traces): readonly TimelineLink[] {
  const last = lastOf(graph, traces);
  const links: TimelineLink[] = [];
  const seen = new Set<number>();
  const open = last !== undefined && isOpen(traces.get(last.id));
  let to = open ? undefined : traces.get(last?.id ?? '')?.ended?.at;
  for (let step = last; step !== undefined && !seen.has(step.number); ) {
    seen.add(step.number);
    const trace = traces.get(step.id);
    const before = trace?.begun?.seq ?? trace?.ended?.seq ?? 0;
    const found = whatLetBegin(graph, traces, step, before);
    const from = trace?.begun?.at;
    // Joins take no time: the chain goes through them.
    if (from !== undefined) {
      links.push({ step: step.id, from, ...(to !== undefined && { to }), after: found?.after ?? 'required' });
      to = from;
    }
    step = found?.step;
  }
  return links.reverse();
}

const isOpen = (trace: Trace | undefined): boolean =>
  trace !== undefined && (trace.open !== undefined || (trace.begun?.seq ?? 0) > (trace.ended?.seq ?? 0));

/** Of what runs the one that began first; if nothing does, the wanted step that came to rest last. */
function lastOf(graph: StateGraph, traces: Traces): Step | undefined {
  const known = graph.steps.filter(({ id, wanted }) => wanted && traces.has(id));
  const begun = ({ id }: Step): number => traces.get(id)?.begun?.seq ?? 0;
  const ended = ({ id }: Step): number => (traces.get(id)?.begun ? (traces.get(id)?.ended?.seq ?? 0) : 0);
  const running = known.filter(({ id }) => isOpen(traces.get(id)));
  if (running.length > 0) return running.reduce((a, b) => (begun(b) < begun(a) ? b : a));
  const rested = known.filter(step => ended(step) > 0);
  return rested.length === 0 ? undefined : rested.reduce((a, b) => (ended(b) > ended(a) ? b : a));
}

function whatLetBegin(graph: StateGraph, traces: Traces, step: Step, before: number): Found | undefined {
  const how = traces.get(step.id)?.begun?.how;
  const required = latest(traces, requiredBy(graph, step), before);
  if (how === 'ready') {
    const agent = traces.get(step.id)?.agent;
    const others = graph.steps.filter(one => one !== step && traces.get(one.id)?.agent === agent);
    const machine = latest(traces, others, before);
    if (machine && endOf(traces, machine) > (required ? endOf(traces, required) : 0))
      return { step: machine, after: 'machine' };
  }
  const turn = latest(traces, beforeInRolling(graph, step), before);
  if (turn && endOf(traces, turn) > (required ? endOf(traces, required) : 0))
    return { step: turn, after: 'turn' };
  return required && { step: required, after: 'required' };
}

const endOf = (traces: Traces, { id }: Step): number => traces.get(id)?.ended?.seq ?? 0;

function latest(traces: Traces, steps: Iterable<Step>, before: number): Step | undefined {
  let [found, most]: [Step | undefined, number] = [undefined, 0];
  for (const step of steps) {
    const end = endOf(traces, step);
    if (end > most && end < before) [found, most] = [step, end];
  }
  return found;
}

function* requiredBy(graph: StateGraph, step: Step): Iterable<Step> {
  const alternatives = step.choices.flatMap(choice => graph.choices[choice]?.alternatives ?? []);
  for (const gate of [...step.needs, ...alternatives])
    for (const input of graph.gates[gate]?.inputs ?? []) yield graph.steps[input] as Step;
  for (const role of step.roles)
    for (const candidate of graph.roles[role]?.candidates ?? []) yield graph.steps[candidate] as Step;
}

/** Steps of its rolling's other turns. */
function* beforeInRolling(graph: StateGraph, { turn }: Step): Iterable<Step> {
  const own = turn === undefined ? undefined : graph.turns[turn];
  if (own === undefined) return;
  const { first, members } = graph.rollings[own.rolling] ?? { first: 0, members: 0 };
  for (const other of graph.turns.slice(first, first + members))
    if (other !== own) for (const number of other.steps) yield graph.steps[number] as Step;
}
