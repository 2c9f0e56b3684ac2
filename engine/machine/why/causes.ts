// The cause behind one step: what it waits for itself, or why it stands where it stands.
// Belongs here: record and graph → causes of the closed list. Does not belong here: following them (walk.ts), words.
import { LIMITS } from '../../base/limits.ts';
import { demandText, stateKey } from '../../graph/references.ts';
import type { Gate, StateGraph, Step } from '../../graph/types.ts';
import { gateCount, gateVerdict, neededBy } from '../counters.ts';
import { holdersIn } from '../holders.ts';
import { isDebt, owes, queuesFor } from '../records.ts';
import { recordOf } from '../state.ts';
import { COMMAND_GRACE } from '../timing.ts';
import type { HttpCall, OpenstackCall } from '../calls.ts';
import type { ChildTask, ResolvedAction, StepRecord } from '../types.ts';
import type { Onwards, Via } from './onward.ts';
import { troubled } from './troubles.ts';
import type { Cause, Names, Onward, Root, Surroundings } from './types.ts';

export class Causes {
  readonly #onwards: Onwards;
  readonly #around: Surroundings;

  constructor(onwards: Onwards, around: Surroundings) {
    this.#onwards = onwards;
    this.#around = around;
  }

  /** What lies with others, in the order in which the author wrote it; a root's own cause. Never empty. */
  of(number: number): readonly Cause[] {
    const vias = this.#onwards.viasOf(number);
    if (vias.length === 0) return [this.#suspended(number) ?? this.#root(number)];
    if (vias.some(({ kind }) => kind.startsWith('over_'))) return [this.#undoOrder(vias)];
    return vias.map(via => this.through(via, number));
  }

  /** The cause that leads from a step through `via` to others. */
  through(via: Via, from: number): Cause {
    switch (via.kind) {
      case 'gate':
        return this.#gate(via.number);
      case 'choice':
        return this.#choice(via);
      case 'renewal': {
        const hopeless = this.#onwards.verdictOf(via) === 'hopeless';
        return { kind: 'renewal', renewed: this.#names(this.#onwards.blamed(via)), hopeless };
      }
      case 'role':
        return this.#role(via, from);
      case 'machine':
        return this.#machine(via, from);
      case 'halt':
        return { kind: 'halted', step: (this.#graph.steps[via.number] as Step).id };
      case 'turn':
      case 'stop':
        return this.#turn(via);
      case 'over_gate':
      case 'over_choice':
      case 'over_role':
      case 'over_turn':
        return this.#undoOrder([via]);
      default:
        return via.kind satisfies never;
    }
  }

  get #graph(): StateGraph {
    return this.#onwards.graph;
  }

  #record(number: number): StepRecord {
    return recordOf(this.#onwards.state, number);
  }

  #names(steps: readonly number[]): Names {
    const shown = steps.slice(0, LIMITS.namesTold).map(number => (this.#graph.steps[number] as Step).id);
    return { steps: shown, more: steps.length - shown.length };
  }

  #gate(number: number): Onward {
    const gate = this.#graph.gates[number] as Gate;
    const { cells } = this.#onwards.state;
    const hopeless = gateVerdict(cells, this.#graph, number) === 'hopeless';
    const { outcome, requirement } = gate;
    const [only] = gate.inputs;
    const common = { ...(outcome && { outcome }), hopeless };
    if (gate.inputs.length === 1 && only !== undefined)
      return { kind: 'step', step: (this.#graph.steps[only] as Step).id, ...common };
    const { counts, neutral } = gateCount(cells, number);
    return {
      kind: 'barrier',
      state: stateKey(gate.target.entity, gate.target.state),
      demand: demandText(requirement, undefined),
      counts,
      needed: neededBy(gate, neutral),
      missing: this.#names(this.#onwards.blamed({ kind: 'gate', number })),
      ...common,
    };
  }

  #choice(via: Via): Onward {
    const { alternatives } = this.#graph.choices[via.number] as StateGraph['choices'][number];
    return {
      kind: 'any_of',
      alternatives: alternatives.map(number => this.#gate(number)),
      hopeless: this.#onwards.verdictOf(via) === 'hopeless',
    };
  }

  /** The fault of a rule is kept with each step that is blocked by it. */
  #role(via: Via, from: number): Onward {
    const { entity, name } = this.#graph.roles[via.number] as StateGraph['roles'][number];
    const role = stateKey(entity, name);
    const blamed = this.#names(this.#onwards.blamed(via));
    if (this.#onwards.verdictOf(via) === 'open') return { kind: 'role', role, missing: blamed };
    const { cause, error } = this.#record(from);
    const fault = cause === 'role_vacant' && error ? { fault: error.message } : {};
    return { kind: 'vacant_role', role, lost: blamed, ...fault };
  }

  #machine(via: Via, from: number): Onward {
    const agent = queuesFor(this.#record(from)) ?? '';
    const ahead = Math.max(0, this.#onwards.state.queues.get(agent)?.indexOf(from) ?? 0);
    return { kind: 'machine_busy', agent, step: (this.#graph.steps[via.number] as Step).id, ahead };
  }

  #turn(via: Via): Onward {
    const { entity, rolling } = this.#graph.rollings[via.number] as StateGraph['rollings'][number];
    const kind = via.kind === 'stop' ? 'rolling_stopped' : 'turn';
    const names = this.#names(this.#onwards.blamed(via));
    const name = `${entity}.${rolling.name}`;
    return kind === 'turn' ? { kind, rolling: name, before: names } : { kind, rolling: name, failed: names };
  }

  #undoOrder(vias: readonly Via[]): Onward {
    const standing = new Set(vias.flatMap(via => this.#onwards.blamed(via)));
    return { kind: 'undo_order', standing: this.#names([...standing]) };
  }

  /** Nothing else keeps it from going on. */
  #suspended(number: number): Root | undefined {
    const { suspended } = this.#onwards.state.workflow;
    if (suspended === undefined || this.#around.setAside !== undefined) return undefined;
    const record = this.#record(number);
    const { kept, command, cause } = record;
    const isBack = this.#onwards.isTakenBack || this.#onwards.isWithdrawn(number);
    const isToUndo =
      isBack &&
      isDebt(record, this.#onwards.state.workflow) &&
      command === undefined &&
      cause !== 'undo_failed';
    const waits = kept !== undefined || isToUndo || STARTING.has(this.#root(number).kind);
    return waits ? { kind: 'suspended', by: suspended.by, since: suspended.at } : undefined;
  }

  #root(number: number): Root {
    const { setAside, word } = this.#around;
    const record = this.#record(number);
    if (setAside !== undefined && !ENDED.has(record.status)) return { kind: 'set_aside', reason: setAside };
    const known = record.command && word?.((this.#graph.steps[number] as Step).id, record);
    return troubled(this.#standing(number), this.#around, known, record.since);
  }

  /** As far as its record tells. */
  #standing(number: number): Root {
    const record = this.#record(number);
    if (!this.#onwards.isTakenBack && this.#onwards.isWithdrawn(number) && !MOVING.has(record.status))
      return this.#withdrawn(record);
    if (!(this.#graph.steps[number] as Step).wanted && LEFT.has(record.status)) return { kind: 'not_wanted' };
    switch (record.status) {
      case 'waiting':
        return record.due?.for === 'retry' ? this.#retry(number, record.due.at) : this.#idle(number);
      case 'blocked':
        if (record.cause === 'too_late') return { kind: 'failure', ...errorOf(record), byOperator: false };
        return this.#idle(number);
      case 'ready':
        return this.#idle(number);
      case 'running':
      case 'undoing':
        return this.#under(number);
      case 'paused':
        return asked(record);
      case 'interrupted':
        return { kind: 'interrupted', ...errorOf(record) };
      case 'failed':
        if (record.cause === 'undo_failed' && this.#onwards.isTakenBack)
          return { kind: 'undo_failure', ...errorOf(record) };
        return { kind: 'failure', ...errorOf(record), byOperator: record.cause === 'failed_by_operator' };
      case 'reached':
        return {
          kind: 'reached',
          ...(record.cause === 'tolerated' && record.error && { tolerated: record.error }),
          ...(record.unverified && { unverified: record.unverified.why }),
          ...(record.unverified && record.look?.error && { error: record.look.error }),
        };
      case 'skipped':
        return this.#skipped(number);
      case 'not_needed':
        return record.cause === 'did_not_fail' ? this.#didNotFail(number) : { kind: 'goal_holds' };
      case 'undone':
        // Undone because it failed: a resume begins anew.
        if (this.#onwards.state.workflow.status === 'failed')
          return {
            kind: 'stopped',
            status: 'failed',
            ...(record.answeredBy !== undefined && { undoneBy: record.answeredBy }),
          };
        return { kind: 'undone', ...(record.cause !== undefined && { how: record.cause }) };
      default:
        return record.status satisfies never;
    }
  }

  /** It is to be taken back while the workflow goes on, or is no more. */
  #withdrawn(record: StepRecord): Root {
    const { status } = this.#onwards.state.workflow;
    if (!owes(record)) return { kind: 'leaves' };
    const goesOn = status === 'running' || status === 'held';
    if (record.cause === 'undo_failed' && (goesOn || status === 'failed'))
      return { kind: 'undo_failure', goesOn: true, ...errorOf(record) };
    return goesOn ? { kind: 'engine' } : { kind: 'stopped', status };
  }

  /** Nothing of it is out and nothing is missing: then it is the workflow that does not go on. */
  #idle(number: number): Root {
    const { status } = this.#onwards.state.workflow;
    if (!(this.#graph.steps[number] as Step).wanted) return { kind: 'not_wanted' };
    return status === 'running' || status === 'held' ? { kind: 'engine' } : { kind: 'stopped', status };
  }

  #retry(number: number, at: number): Root {
    const { retry, undo } = (this.#graph.steps[number] as Step).state;
    const { tries, status, error } = this.#record(number);
    const attempts = (status === 'undoing' ? undo?.retry.attempts : undefined) ?? retry.attempts;
    return { kind: 'retry', at, attempt: tries + 1, attempts, ...(error && { error }) };
  }

  /** A command is out, a time runs, or its VM is about to be given to it. */
  #under(number: number): Root {
    const record = this.#record(number);
    const { command, due, cancel, phase = 'action', attempt } = record;
    if (cancel !== undefined && command?.action.kind !== 'workflow')
      return { kind: 'called_back', why: cancel, ...agentOf(record), ...(due && { until: due.at }) };
    if (due?.for === 'wait') return { kind: 'wait', until: due.at };
    if (due?.for === 'retry') return this.#retry(number, due.at);
    if (!command) return { kind: 'engine' };
    if (command.action.kind === 'workflow') return childOf(command.action, record);
    const until = due ? { until: due.at - COMMAND_GRACE } : {};
    const away = this.#away(record, until);
    if (away) return away;
    const { attempts } = (this.#graph.steps[number] as Step).state.retry;
    const isForFailure =
      phase !== 'action' &&
      phase !== 'probe' &&
      !this.#onwards.isTakenBack &&
      !this.#onwards.isWithdrawn(number);
    const why = isForFailure ? errorOf(record) : {};
    return {
      kind: 'running',
      phase,
      attempt,
      attempts,
      ...agentOf(record),
      ...callOf(command.action),
      ...until,
      ...why,
    };
  }

  /** The agent does not do it now, as far as is known. */
  #away({ command, progress }: StepRecord, until: { readonly until?: number }): Root | undefined {
    const agent = command?.agent;
    if (agent === undefined) return undefined;
    const presence = this.#around.presence(agent);
    const about = { kind: 'agent', agent, presence, ...until } as const;
    if (command?.action.kind === 'online') return { ...about, must: 'be_online' };
    if (progress === 'sent') return { ...about, must: 'take_command' };
    if (presence.kind === 'offline' || presence.kind === 'never_seen') return { ...about, must: 'come_back' };
    return progress === 'accepted' ? { ...about, must: 'take_turn' } : undefined;
  }

  #skipped(number: number): Root {
    const { cause } = this.#record(number);
    if (cause === 'condition_false') return { kind: 'condition_false' };
    if (cause !== 'not_the_role') return { kind: 'vouched' };
    const { entity, state } = this.#graph.steps[number] as Step;
    const holders = [...state.only, ...state.except].map(role => ({
      role: stateKey(entity.name, role),
      agents: holdersIn(this.#onwards.state.workflow.roles, entity.name, role) ?? [],
    }));
    return { kind: 'not_the_role', holders };
  }

  /** The failures that it waits for and that will not come. */
  #didNotFail(number: number): Root {
    const { needs, choices } = this.#graph.steps[number] as Step;
    const gates = [...needs, ...choices.flatMap(choice => this.#graph.choices[choice]?.alternatives ?? [])];
    const states = gates
      .map(gate => this.#graph.gates[gate] as Gate)
      .filter(({ outcome, number: gate }) => {
        const verdict = gateVerdict(this.#onwards.state.cells, this.#graph, gate);
        return outcome === 'failed' && verdict === 'hopeless';
      })
      .map(({ target }) => stateKey(target.entity, target.state));
    return { kind: 'did_not_fail', states: [...new Set(states)] };
  }
}

/** Nobody tries these again where the goal needs them no more. */
const LEFT = new Set<StepRecord['status']>(['failed', 'interrupted', 'paused']);
/** It would begin now, or when its time comes. */
const STARTING = new Set<Root['kind']>(['engine', 'retry', 'wait']);
const MOVING = new Set<StepRecord['status']>(['running', 'undoing']);
const ENDED = new Set<StepRecord['status']>(['reached', 'skipped', 'not_needed', 'undone']);

const errorOf = ({ error }: StepRecord) => (error ? { error } : {});
const agentOf = ({ command }: StepRecord) => (command?.agent === undefined ? {} : { agent: command.agent });

const childOf = ({ child, task }: ChildTask, { held, cancel }: StepRecord): Root => ({
  kind: 'child',
  child,
  task,
  ...(held !== undefined && { held }),
  ...(cancel !== undefined && { stops: cancel }),
});

/** Without what may be hidden in it, or stands behind a question mark. */
function callOf(action: ResolvedAction): { readonly calls?: string } {
  if (action.kind !== 'http' && action.kind !== 'openstack') return {};
  const what = `${action.method} ${action.kind === 'http' ? placeOf(action) : inCloud(action)}`.trimEnd();
  return { calls: action.until === undefined ? what : `${what} until it answers as wanted` };
}

function placeOf({ url }: HttpCall): string {
  const parsed = typeof url === 'string' ? URL.parse(url) : null;
  return parsed === null ? '' : `${parsed.origin}${parsed.pathname}`;
}

function inCloud({ service, path }: OpenstackCall): string {
  const shown = typeof path === 'string' ? `${path.split('?')[0] ?? ''} of ` : 'of ';
  return `${shown}${service}`;
}

function asked(record: StepRecord): Root {
  const { asks, due } = record;
  const until = due ? { until: due.at } : {};
  if (asks?.kind === 'approval') return { kind: 'approval', message: asks.message, ...until };
  if (asks?.kind === 'signal') return { kind: 'signal', name: asks.name, ...until };
  return { kind: 'operator', ...errorOf(record) };
}
