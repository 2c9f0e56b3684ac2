// Pass 2: drafts -> definition. Compiles expressions, infers requirements, checks what follows from the whole.
// Belongs here: the order of these steps. Does not belong here: any one check.
import { checkAgeingInRolling } from './checks/ageing.ts';
import { checkReplacement } from './checks/replacement.ts';
import { checkAppliesToSomebody, checkRequirement } from './checks/applies.ts';
import { checkOutcomes } from './checks/outcomes.ts';
import { checkGoal, type PlacedGoal, warnOfUnneeded } from './checks/goal.ts';
import { certainFor, checkCycles, keyOf, needsOf, type Needs } from './checks/needs.ts';
import { checkRollings } from './checks/rolling.ts';
import type {
  Compile,
  EntityDraft,
  EntityDrafts,
  OutputDraft,
  Placed,
  RetryDraft,
  RoleDraft,
  StateDraft,
} from './draft.ts';
import type { ExpressionPlace, Read, Template } from './expressions/types.ts';
import { withInferred } from './infer.ts';
import { mayBeAbsent, modelOf } from './model.ts';
import { buildOperations, operationInputs } from './operations/build.ts';
import { type OperationDraft, statesOf } from './operations/read.ts';
import type { Operation } from './operations/types.ts';
import type { Report } from './report.ts';
import { checkRoles, type PlacedRequirement, resolveRequirements, sameRequirement } from './resolve.ts';
import { buildRollings } from './rolling.ts';
import { Templates } from './templates.ts';
import { DEFAULTS } from './retry.ts';
import type {
  Action,
  Entity,
  Parameter,
  Rescue,
  Retry,
  Role,
  Rolling,
  State,
  Undo,
  WorkflowOutput,
} from './types.ts';

/** A definition as read by pass 1. */
export interface Drafts {
  readonly inputs: ReadonlyMap<string, Parameter>;
  readonly entities: EntityDrafts;
  readonly goal: PlacedGoal;
  readonly outputs: readonly OutputDraft[];
  readonly operations: readonly OperationDraft[];
}

/** What is known of a state once its own expressions are compiled. */
interface Forward {
  readonly parts: Pick<State, 'action' | 'changeAction' | 'runOn' | 'probe' | 'probeRunOn' | 'condition'>;
  readonly requires: readonly PlacedRequirement[];
  readonly templates: readonly Template[];
}

export class Build {
  readonly #report: Report;
  readonly #drafts: Drafts;
  readonly #templates: Templates;
  readonly #forward = new Map<StateDraft, Forward>();
  readonly #undoPlaces = new Map<StateDraft, Template>();
  readonly #rollings = new Map<StateDraft, Rolling>();
  readonly #follows = new Map<StateDraft, readonly PlacedRequirement[]>();
  readonly #retires = new Map<StateDraft, readonly PlacedRequirement[]>();
  #needs: Needs = new Map();
  #explicit: Needs | undefined;

  constructor(report: Report, drafts: Drafts) {
    this.#report = report;
    this.#drafts = drafts;
    const { inputs, entities, operations } = drafts;
    const given = operations.length > 0 ? operationInputs(report, operations) : undefined;
    this.#templates = new Templates(report, modelOf(inputs, entities, given));
  }

  build(): {
    readonly entities: Map<string, Entity>;
    readonly outputs: Map<string, WorkflowOutput>;
    readonly operations: Map<string, Operation>;
  } {
    for (const [entity, state] of this.#states()) checkRoles(this.#report, entity, state);
    const explicit = new Map(this.#states().map(([, state]) => [state, this.#resolved(state)]));
    this.#explicit = needsOf(
      this.#drafts.entities,
      state => explicit.get(state) ?? [],
      () => [],
    );
    for (const entity of this.#drafts.entities.values()) {
      for (const [state, rolling] of buildRollings(entity, this.#templates))
        this.#rollings.set(state, rolling);
    }
    for (const [entity, state] of this.#states())
      this.#forward.set(state, this.#compileForward(entity, state, explicit.get(state) ?? []));
    this.#needs = this.#allNeeds();
    this.#placeUndos();
    this.#check();
    const operations = buildOperations(this.#report, this.#drafts.operations, this.#drafts);
    const built = { entities: this.#entities(), outputs: this.#outputs(), operations };
    const ran = statesOf(this.#drafts.operations);
    warnOfUnneeded(this.#report, this.#drafts.entities, this.#needs, [...this.#drafts.goal, ...ran]);
    return built;
  }

  #allNeeds(): Needs {
    const readsOf = (state: StateDraft): readonly Read[] =>
      [
        ...(this.#forward.get(state)?.templates ?? []),
        this.#undoPlaces.get(state),
        // A turn in a rolling waits for the roles that its order reads.
        this.#rollings.get(state)?.order,
      ].flatMap(template => template?.reads ?? []);
    return needsOf(this.#drafts.entities, state => this.#forward.get(state)?.requires ?? [], readsOf);
  }

  /** Where an undo runs infers no requirement, but a state waits for the choice of a role named there. */
  #placeUndos(): void {
    for (const [entity, state] of this.#states()) {
      const runOn = state.undo?.action.runOn;
      if (runOn === undefined) continue;
      const what = `the undo of ${entity.name}.${state.name}`;
      this.#undoPlaces.set(state, this.#member('undo_run_on', state, runOn, what));
    }
    if (this.#undoPlaces.size > 0) this.#needs = this.#allNeeds();
  }

  #member(use: 'run_on' | 'undo_run_on', state: StateDraft, placed: Placed, what: string): Template {
    const needs = use === 'run_on' ? (this.#explicit ?? this.#needs) : this.#needs;
    const guaranteed = this.#guarantee(needs, [`${state.entity}.${state.name}`], 'same');
    return this.#templates.member(placed, { use, entity: state.entity, state: state.name, guaranteed }, what);
  }

  #states(): (readonly [EntityDraft, StateDraft])[] {
    return [...this.#drafts.entities.values()].flatMap(entity =>
      [...entity.states.values()].map(state => [entity, state] as const),
    );
  }

  /** Action, probe and condition: what they read becomes required. */
  #compileForward(entity: EntityDraft, state: StateDraft, explicit: readonly PlacedRequirement[]): Forward {
    const made: Template[] = [];
    const compiler = (use: ExpressionPlace['use']): Compile =>
      this.#compiler(use, state, this.#explicit ?? this.#needs, made);
    const { action, changeAction, runOn, probe, condition } = state;
    const member = (placed: Placed, what: string): Template => {
      const template = this.#member('run_on', state, placed, what);
      made.push(template);
      return template;
    };
    const what = `${entity.name}.${state.name}`;
    const parts = {
      ...(action ? { action: action.build(compiler(action.kind === 'set' ? 'set' : 'action')) } : {}),
      ...(changeAction ? { changeAction: changeAction.build(compiler('change')) } : {}),
      ...(runOn ? { runOn: member(runOn, what) } : {}),
      ...(probe ? { probe: probe.build(compiler('probe')) } : {}),
      ...(probe?.runOn ? { probeRunOn: member(probe.runOn, `the probe of ${what}`) } : {}),
      ...(condition
        ? { condition: compiler('condition')(condition.value, condition.at, { showsSecrets: 'condition' }) }
        : {}),
    };
    return { parts, requires: withInferred(entity, explicit, made), templates: made };
  }

  #compiler(use: ExpressionPlace['use'], state: StateDraft, needs: Needs, made: Template[] = []): Compile {
    const place = {
      use,
      entity: state.entity,
      state: state.name,
      guaranteed: this.#guarantee(needs, [`${state.entity}.${state.name}`], 'same'),
    };
    return this.#templates.compiler(place, state.outputs, made);
  }

  /** Whether a state is reached for certain once the given ones are: through requirements that admit no exception.
   * Not itself, unless `reached`: its undo and retry also follow attempts that failed. */
  #guarantee(
    needs: Needs,
    from: readonly string[],
    level: 'same' | 'all',
    reached = false,
  ): ExpressionPlace['guaranteed'] {
    let certain: ReadonlyMap<string, 'same' | 'all'> | undefined;
    return (entityName, stateName, of) => {
      certain ??= certainFor(needs, from, level);
      const entity = this.#drafts.entities.get(entityName);
      const state = entity?.states.get(stateName);
      const key = `${entityName}.${stateName}`;
      const isItself = level === 'same' && !reached && from.includes(key);
      if (entity === undefined || state === undefined || isItself || mayBeAbsent(state)) return false;
      const by = certain.get(key);
      return by === 'all' || (by === 'same' && (of === 'self' || entity.type !== 'vm_group'));
    };
  }

  /** Row 27: what it follows, it requires as well. */
  #resolved(state: StateDraft): readonly PlacedRequirement[] {
    const { entities } = this.#drafts;
    const own = resolveRequirements(this.#report, entities, state);
    if (state.retireAfter !== undefined) {
      const awaited = { ...state, requires: state.retireAfter };
      this.#retires.set(state, resolveRequirements(this.#report, entities, awaited));
    }
    if (state.rerunAfter === undefined) return own;
    const followed = resolveRequirements(this.#report, entities, { ...state, requires: state.rerunAfter });
    this.#follows.set(state, followed);
    return [...own, ...followed.filter(one => !own.some(other => sameRequirement(one, other)))];
  }

  #check(): void {
    const impossible = checkCycles(this.#report, this.#needs);
    if (impossible.size === 0) checkRollings(this.#report, this.#drafts.entities, this.#needs);
    for (const [entity, state] of this.#states()) {
      checkAppliesToSomebody(this.#report, entity, state);
      const requires = this.#forward.get(state)?.requires ?? [];
      checkReplacement(this.#report, entity, state);
      if (this.#rollings.has(state))
        checkAgeingInRolling(this.#report, this.#drafts.entities, state, requires);
      if (checkOutcomes(this.#report, state, requires)) impossible.add(`${entity.name}.${state.name}`);
      for (const requirement of requires) {
        if (checkRequirement(this.#report, this.#drafts.entities, state, requirement))
          impossible.add(`${entity.name}.${state.name}`);
      }
    }
    checkGoal(this.#report, this.#needs, this.#drafts.goal, impossible);
  }

  #entities(): Map<string, Entity> {
    return new Map(
      [...this.#drafts.entities.values()].map(entity => {
        const { name, type, description, members } = entity;
        const roles = new Map([...entity.roles].map(([key, role]) => [key, this.#role(entity, role)]));
        const states = new Map([...entity.states.values()].map(state => [state.name, this.#state(state)]));
        return [name, { name, type, description, members, roles, states }];
      }),
    );
  }

  /** Row 34: a rule infers nothing; what a candidate must have reached to be one is certain. */
  #role(entity: EntityDraft, { name, choose, among, rule, count }: RoleDraft): Role {
    const plain = { name, choose, among, ...(count !== undefined && { count }) };
    if (rule === undefined) return plain;
    const use = choose === 'where' ? ('role_where' as const) : ('role_rank' as const);
    const certain = this.#guarantee(
      this.#needs,
      [keyOf({ entity: entity.name, state: among })],
      'same',
      true,
    );
    const place = { use, entity: entity.name, guaranteed: certain };
    const what = `${choose} of role ${name} of ${entity.name}`;
    return { ...plain, rule: this.#templates.rule(rule, place, what) };
  }

  #state(draft: StateDraft): State {
    const {
      name,
      entity,
      description,
      timeout,
      onFailure,
      onInterrupted,
      idempotent,
      exclusive,
      outputs,
      once,
    } = draft;
    const forward = this.#forward.get(draft);
    const undo = this.#undo(draft) ?? undoOfChild(draft, forward?.parts.action);
    const rescue = this.#rescue(draft);
    const rolling = this.#rollings.get(draft);
    return {
      name,
      entity,
      description,
      timeout,
      onFailure,
      onInterrupted,
      idempotent,
      exclusive,
      outputs,
      ...(draft.was && { was: draft.was.name }),
      ...(draft.interruptible && { interruptible: true }),
      ...(draft.onChange && { onChange: draft.onChange }),
      ...(draft.retireAfter && {
        retireAfter: (this.#retires.get(draft) ?? []).map(one => withoutPlace(one)),
      }),
      ...(draft.rerunAfter && { rerunAfter: (this.#follows.get(draft) ?? []).map(one => withoutPlace(one)) }),
      ...(draft.validFor === undefined ? {} : { validFor: draft.validFor }),
      ...forward?.parts,
      requires: (forward?.requires ?? []).map(requirement => withoutPlace(requirement)),
      only: draft.only.map(mention => mention.name),
      except: draft.except.map(mention => mention.name),
      retry: this.#retry(draft, draft.retry),
      ...(once === undefined ? {} : { once: once.name === 'any' ? { any: true } : { role: once.name } }),
      ...(rescue === undefined ? {} : { rescue }),
      ...(undo === undefined ? {} : { undo }),
      ...(rolling === undefined ? {} : { rolling }),
    };
  }

  #retry(state: StateDraft, { retry, when }: RetryDraft): Retry {
    if (when === undefined) return retry;
    return {
      ...retry,
      when: this.#compiler('retry_when', state, this.#needs)(when.value, when.at, { showsSecrets: 'when' }),
    };
  }

  #rescue(state: StateDraft): Rescue | undefined {
    if (state.rescue === undefined) return undefined;
    const { action, times } = state.rescue;
    return { action: action.build(this.#compiler('rescue', state, this.#needs)), times };
  }

  #undo(state: StateDraft): Undo | undefined {
    if (state.undo === undefined) return undefined;
    const { action, timeout, retry, onFailure } = state.undo;
    const runOn = this.#undoPlaces.get(state);
    return {
      action: action.build(this.#compiler('undo', state, this.#needs)),
      ...(runOn && { runOn }),
      timeout,
      retry: this.#retry(state, retry),
      ...(onFailure === undefined ? {} : { onFailure }),
    };
  }

  /** Outputs are read when the goal holds, so what the goal needs is certain. */
  #outputs(): Map<string, WorkflowOutput> {
    const guaranteed = this.#guarantee(this.#needs, this.#drafts.goal.map(keyOf), 'all');
    return new Map(
      this.#drafts.outputs.map(draft => [draft.name, this.#templates.workflowOutput(draft, guaranteed)]),
    );
  }
}

/** A child is deleted, and what cannot be taken back of it is never passed over: it would be left with nobody. */
function undoOfChild({ timeout }: StateDraft, action: Action | undefined): Undo | undefined {
  return action?.kind === 'workflow'
    ? { action, timeout, retry: DEFAULTS.retry, onFailure: 'fail' }
    : undefined;
}

function withoutPlace(placed: PlacedRequirement): State['requires'][number] {
  const { at: _, ...requirement } = placed;
  return requirement;
}
