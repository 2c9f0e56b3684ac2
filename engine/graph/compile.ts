// Definition + members → state graph: one step per (state, member), one gate per distinct requirement.
// Belongs here: expansion over members, sharing of gates. Does not belong here: mistakes (analyse.ts), what the goal
// needs (wanted.ts), anything that changes while it runs (machine/).
//
// Cost rule P7: every loop adds to `count.operations`, and a test holds that sum linear. A requirement that all
// members share becomes one gate, so a barrier over n members costs n inputs and n outputs, never n × n edges.
import { stepId } from '../base/ids.ts';
import type { Entity, Requirement, State, WorkflowDefinition } from '../definition/types.ts';
import type {
  Choice,
  Earlier,
  Gate,
  Member,
  Membership,
  Names,
  Ran,
  RoleNode,
  StateGraph,
  Step,
} from './types.ts';
import { formerStates } from './former.ts';
import { outsideId, rolesReadBy, stateKey } from './references.ts';
import { keepBelow, requirersOf, retireWith } from './retirement.ts';
import { choicesOf, keyOf, wholly, withoutRepeats } from './requirements.ts';
import { isReplacedName, successorOf } from './replaced.ts';
import { makeTurns } from './turns.ts';
import { markWanted } from './wanted.ts';

/** Work done by a compilation, for the test that holds it linear. */
export interface CompileCount {
  operations: number;
}

export interface CompileOptions {
  readonly count?: CompileCount;
  /** What is left of definitions before it. */
  readonly earlier?: Earlier;
  /** What an operation runs. */
  readonly also?: readonly Ran[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer U)[] ? U[] : T[K] };

/**
 * Expands a definition over its members. The definition must have passed its own checks: names are resolved.
 * Says nothing about sizes; call `analyse` for that before anything runs.
 */
export function compileGraph(
  definition: WorkflowDefinition,
  membership: Membership,
  { count = { operations: 0 }, earlier, also = [] }: CompileOptions = {},
): StateGraph {
  const compiler = new Compiler(definition, membership, count, earlier?.names?.called ?? {});
  const former = formerStates(earlier);
  for (const entity of definition.entities.values()) compiler.addSteps(entity);
  for (const { entity, state } of former) compiler.addFormer(entity, state);
  for (const { entity, state } of former)
    if (isReplacedName(state.name)) compiler.setAside(entity, state, earlier);
  for (const entity of definition.entities.values()) compiler.addRoles(entity);
  for (const entity of definition.entities.values()) {
    for (const state of entity.states.values()) compiler.connect(entity, state);
  }
  for (const { entity, state } of former) compiler.connect(entity, state);
  for (const { entity, state } of former) if (isReplacedName(state.name)) compiler.retire(entity, state);
  return { ...compiler.finish(also), ...(earlier && { earlier }) };
}

class Compiler {
  private readonly definition: WorkflowDefinition;
  private readonly membership: Membership;
  private readonly count: CompileCount;
  private readonly called: Names['called'];
  private readonly steps: Mutable<Step>[] = [];
  private readonly gates: Mutable<Gate>[] = [];
  private readonly roles: Mutable<RoleNode>[] = [];
  private readonly choices: Mutable<Choice>[] = [];
  private readonly sharedChoices = new Map<string, number>();
  private readonly stepByState = new Map<string, number[]>();
  /** Of a state: steps of what it has replaced. */
  private readonly replaced = new Map<string, readonly number[]>();
  private readonly successors = new Map<string, string>();
  private readonly roleByName = new Map<string, number>();
  private readonly sharedGates = new Map<string, number>();
  /** Gates about one step, by that step's number; inferred and written ones and outcomes apart. */
  private readonly singleGates = new Map<string, number[]>();

  constructor(
    definition: WorkflowDefinition,
    membership: Membership,
    count: CompileCount,
    called: Names['called'],
  ) {
    this.definition = definition;
    this.membership = membership;
    this.count = count;
    this.called = called;
  }

  addSteps(entity: Entity): void {
    for (const state of entity.states.values()) {
      const numbers: number[] = [];
      this.stepByState.set(stateKey(entity.name, state.name), numbers);
      for (const member of this.runsFor(entity, state)) numbers.push(this.addStep(entity, state, member));
    }
  }

  /** A state that is gone from the definition: its steps are there to be taken back. */
  addFormer(entity: Entity, state: State): void {
    const numbers: number[] = [];
    this.stepByState.set(stateKey(entity.name, state.name), numbers);
    for (const member of this.runsFor(entity, state)) {
      const number = this.addStep(entity, state, member);
      this.step(number).leaving = true;
      numbers.push(number);
    }
  }

  addRoles(entity: Entity): void {
    for (const role of entity.roles.values()) {
      const among = this.stepsOf(entity.name, role.among);
      const { inputs: candidates, leaving } = this.parted(among);
      const number = this.roles.length;
      this.roles.push({
        number,
        entity: entity.name,
        name: role.name,
        choose: role.choose,
        ...(role.rule && { rule: role.rule }),
        ...(role.count !== undefined && { count: role.count }),
        candidates,
        ...(leaving.length > 0 && { leaving }),
        outputs: [],
      });
      this.roleByName.set(stateKey(entity.name, role.name), number);
      for (const candidate of among) this.step(candidate).candidateOf.push(number);
    }
  }

  connect(entity: Entity, state: State): void {
    // What was replaced has its VM, and must not keep anybody from a role.
    const roles = isReplacedName(state.name) ? [] : this.rolesNamedBy(state);
    const requirements = withoutRepeats(state.requires.filter(({ choice }) => choice === undefined));
    const choices = choicesOf(state.requires);
    for (const number of this.stepsOf(entity.name, state.name)) {
      for (const role of roles) {
        this.count.operations += 1;
        this.step(number).roles.push(role);
        (this.roles[role] as Mutable<RoleNode>).outputs.push(number);
      }
      for (const requirement of requirements) {
        const gate = this.gateFor(number, requirement);
        this.need(number, gate);
        if (requirement.within !== undefined) this.time(number, gate, requirement.within);
      }
      for (const alternatives of choices) this.choose(number, alternatives);
    }
  }

  /** Who requires what took its place may have run with it. */
  setAside(entity: Entity, state: State, earlier: Earlier | undefined): void {
    const place = { definition: this.definition, ...(earlier && { earlier }) };
    const successor = successorOf(place, entity.name, state.name);
    if (successor === undefined) return;
    this.successors.set(stateKey(entity.name, state.name), successor);
    const key = stateKey(entity.name, successor);
    this.replaced.set(key, [...(this.replaced.get(key) ?? []), ...this.stepsOf(entity.name, state.name)]);
  }

  /** What was replaced is undone after all that is to follow the new has followed; it waits for no role. */
  retire(entity: Entity, state: State): void {
    const successor = this.successors.get(stateKey(entity.name, state.name));
    for (const number of this.stepsOf(entity.name, state.name)) {
      const gates = successor === undefined ? [] : this.retirementOf(entity.name, successor);
      this.step(number).retireAfter = gates;
      for (const gate of gates) retireWith(this.gates, gate, number);
    }
  }

  /** The new one, and what its state names, or else whoever requires it. */
  private retirementOf(entity: string, name: string): number[] {
    const state = this.definition.entities.get(entity)?.states.get(name);
    const named = state?.retireAfter ?? requirersOf(this.definition, entity, name);
    const all = [{ entity, state: name }, ...named].map(one =>
      this.sharedGate(wholly({ entity: one.entity, state: one.state })),
    );
    return [...new Set(all)];
  }

  finish(also: readonly Ran[]): StateGraph {
    keepBelow({ steps: this.steps, gates: this.gates, choices: this.choices });
    // By either name: what is known outside by the first one comes back under it.
    const stepByOutside = new Map(this.steps.map(step => [outsideId(step), step.number]));
    const stepById = new Map(stepByOutside);
    for (const { id, number } of this.steps) stepById.set(id, number);
    const goal = [
      ...this.definition.goal.map(target => this.sharedGate(wholly(target))),
      ...also.map(ran => this.gateOf(ran)),
    ];
    const { steps, gates, roles, choices } = this;
    markWanted({ steps, gates, roles, choices }, goal, this.count);
    const { definition, membership, stepByState } = this;
    const turns = makeTurns({ definition, membership, stepByState, steps }, this.count);
    return {
      definition,
      membership,
      steps: this.steps,
      stepByState,
      stepById,
      stepByOutside,
      gates: this.gates,
      choices: this.choices,
      roles: this.roles,
      ...turns,
      goal,
      ...(also.length > 0 && { also }),
    };
  }

  private gateOf({ members, ...target }: Ran): number {
    if (members === undefined) return this.sharedGate(wholly(target));
    const seats = new Set(members);
    const isMeant = (number: number): boolean => seats.has(this.step(number).member?.index ?? -1);
    return this.addGate(wholly(target), this.stepsOf(target.entity, target.state).filter(isMeant));
  }

  /** A `once` state and a service's state run for nobody in particular. */
  private runsFor(entity: Entity, state: State): readonly (Member | undefined)[] {
    if (entity.type === 'service' || state.once) return [undefined];
    return this.membership.get(entity.name) ?? [];
  }

  private addStep(entity: Entity, state: State, member: Member | undefined): number {
    this.count.operations += 1;
    const number = this.steps.length;
    const [outside = state.name] = this.called[stateKey(entity.name, state.name)] ?? [];
    this.steps.push({
      number,
      id: stepId(entity.name, state.name, indexIn(entity, member)),
      ...(outside !== state.name && { outside: stepId(entity.name, outside, indexIn(entity, member)) }),
      entity,
      state,
      ...(member && { member }),
      needs: [],
      choices: [],
      roles: [],
      feeds: [],
      candidateOf: [],
      wanted: false,
      watched: false,
      ...(member?.leaving && { leaving: true }),
    });
    return number;
  }

  private rolesNamedBy(state: State): readonly number[] {
    const names = rolesReadBy(state).map(({ entity, role }) => stateKey(entity, role));
    const numbers = names.map(name => this.roleByName.get(name)).filter(number => number !== undefined);
    return [...new Set(numbers)];
  }

  private need(step: number, gate: number): void {
    this.count.operations += 1;
    // Two ways to say the same, such as a bare and a qualified name in a `once` state.
    if (this.step(step).needs.includes(gate)) return;
    this.step(step).needs.push(gate);
    (this.gates[gate] as Mutable<Gate>).outputs.push(step);
  }

  private time(number: number, gate: number, within: number): void {
    const step = this.step(number);
    // Said in two ways, as in `need`, the shorter time holds.
    const before = step.within?.find(one => one.gate === gate)?.within ?? within;
    const others = step.within?.filter(one => one.gate !== gate) ?? [];
    step.within = [...others, { gate, within: Math.min(before, within) }];
  }

  private choose(step: number, alternatives: readonly Requirement[]): void {
    this.count.operations += alternatives.length;
    const gates = [...new Set(alternatives.map(one => this.gateFor(step, one)))].toSorted((a, b) => a - b);
    const key = gates.join();
    const known = this.sharedChoices.get(key) ?? this.addChoice(key, gates);
    if (this.step(step).choices.includes(known)) return;
    this.step(step).choices.push(known);
    (this.choices[known] as Mutable<Choice>).outputs.push(step);
  }

  private addChoice(key: string, alternatives: number[]): number {
    const number = this.choices.length;
    this.choices.push({ number, alternatives, outputs: [] });
    this.sharedChoices.set(key, number);
    for (const gate of alternatives) (this.gates[gate] as Mutable<Gate>).choices.push(number);
    return number;
  }

  private gateFor(step: number, requirement: Requirement): number {
    if (requirement.members.kind !== 'same') return this.sharedGate(requirement);
    const targets = this.stepsOf(requirement.entity, requirement.state);
    // What it required went with an earlier definition.
    if (targets.length === 0) return this.sharedGate({ ...requirement, members: { kind: 'all' } });
    if (targets.length === 1) return this.singleGate(targets[0] as number, requirement);
    const { entity, state, member } = this.step(step);
    // A `once` state runs for nobody in particular, so a bare name means all members.
    if (!member) return this.sharedGate({ ...requirement, members: { kind: 'all' } });
    // Steps of a state are numbered in member order, so the same member stands at the same place in both lists.
    const place = step - (this.stepsOf(entity.name, state.name)[0] as number);
    return this.singleGate(targets[place] as number, requirement);
  }

  private singleGate(target: number, requirement: Requirement): number {
    const kind = `${requirement.inferred} ${requirement.outcome} ${requirement.choice !== undefined}`;
    const known = this.singleGates.get(kind) ?? [];
    this.singleGates.set(kind, known);
    const index = this.step(target).member?.index;
    return (known[target] ??= this.addGate(requirement, [target], index));
  }

  private sharedGate(requirement: Requirement): number {
    const key = `${keyOf(requirement)} ${requirement.inferred}`;
    const known = this.sharedGates.get(key);
    if (known !== undefined) return known;
    const number = this.addGate(requirement, this.stepsOf(requirement.entity, requirement.state));
    this.sharedGates.set(key, number);
    return number;
  }

  private addGate(requirement: Requirement, targets: readonly number[], member?: number): number {
    const number = this.gates.length;
    const { entity, state, members, inferred, outcome, choice } = requirement;
    const { inputs, leaving: left } = this.parted(targets);
    const aside = this.replacedBy(requirement, member);
    const leaving = [...left, ...aside];
    const validFor = outcome ? undefined : this.definition.entities.get(entity)?.states.get(state)?.validFor;
    this.gates.push({
      number,
      target: { entity, state },
      requirement: members,
      ...(outcome && { outcome }),
      ...(member !== undefined && { member }),
      inferred,
      ...(choice !== undefined && { some: true }),
      ...(validFor !== undefined && { validFor }),
      choices: [],
      inputs,
      ...(leaving.length > 0 && { leaving }),
      outputs: [],
    });
    for (const input of [...targets, ...aside]) {
      this.count.operations += 1;
      this.step(input).feeds.push(number);
      if (outcome && !aside.includes(input)) this.step(input).watched = true;
    }
    return number;
  }

  /** `member`: index of the one member that the requirement is about. */
  private replacedBy({ entity, state }: Requirement, member: number | undefined): readonly number[] {
    const steps = this.replaced.get(stateKey(entity, state)) ?? [];
    return member === undefined ? steps : steps.filter(step => this.step(step).member?.index === member);
  }

  /** Those that count, and those of members that leave. */
  private parted(steps: readonly number[]): { readonly inputs: number[]; readonly leaving: number[] } {
    const leaves = (step: number): boolean => this.step(step).leaving === true;
    return { inputs: steps.filter(step => !leaves(step)), leaving: steps.filter(leaves) };
  }

  private stepsOf(entity: string, state: string): number[] {
    return this.stepByState.get(stateKey(entity, state)) ?? [];
  }

  private step(number: number): Mutable<Step> {
    return this.steps[number] as Mutable<Step>;
  }
}

/** A `vm` has one member, so its index tells nothing: `directory.promoted`; but that of one that took another's place does. */
const indexIn = ({ type }: Entity, member: Member | undefined): number | undefined =>
  type === 'vm_group' || member?.index !== 0 ? member?.index : undefined;
