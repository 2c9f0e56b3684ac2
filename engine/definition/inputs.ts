// Judges what a workflow is started with: its inputs and its members.
// Belongs here: inputs against declarations, members against sizes. Does not belong here: the definition's own problems.
import { type JsonObject, type JsonValue, jsonBytes } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { didYouMean } from './nearest.ts';
import { pointerTo } from './positions.ts';
import type { Problem, ProblemCode } from './problems.ts';
import type { Parameter, WorkflowDefinition } from './types.ts';
import { fitValue, isShallow, type Misfit } from './values.ts';

/** What is checked of a member; `Member` of graph/ has it. */
interface AgentOfMember {
  readonly agent: string;
  readonly data?: JsonValue;
}

/**
 * Inputs as the workflow will see them: defaults applied, coerced as HOT would (`"5"` is a number), nulls left out,
 * in the encoded form of base/json.ts. Hidden ones are still in clear: the caller seals them.
 * Pointers are into the inputs. Sentences never quote a value.
 */
export const checkInputs = (
  { inputs: declared }: Pick<WorkflowDefinition, 'inputs'>,
  inputs: JsonObject,
): ReturnType<typeof checkParameters> => checkParameters(declared, inputs);

/** The same for values that are not the workflow's own, such as those of an operation. */
export function checkParameters(
  declared: WorkflowDefinition['inputs'],
  inputs: JsonObject,
): { readonly inputs: JsonObject; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  if (!isShallow(inputs, LIMITS.definitionDepth)) {
    problems.push(
      problem('limit_exceeded', '', `The inputs are nested deeper than ${LIMITS.definitionDepth} levels.`),
    );
    return { inputs: {}, problems };
  }
  const bytes = jsonBytes(inputs);
  if (bytes > LIMITS.inputsBytes) {
    problems.push(
      problem('limit_exceeded', '', `The inputs have ${bytes} bytes; at most ${LIMITS.inputsBytes} may be.`),
    );
    return { inputs: {}, problems };
  }
  for (const name of Object.keys(inputs)) {
    if (!declared.has(name)) problems.push(unknownInput(name, declared));
  }
  const fitted = [...declared.values()].flatMap(parameter => fitInput(parameter, inputs, problems));
  return { inputs: Object.fromEntries(fitted), problems };
}

function fitInput(parameter: Parameter, inputs: JsonObject, problems: Problem[]): [string, JsonValue][] {
  const { name } = parameter;
  const given = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
  const value = given ?? parameter.default;
  if (value === undefined) {
    const text = parameter.description === '' ? '' : ` (${parameter.description})`;
    problems.push(problem('inputs_invalid', pointerTo('', name), `The input '${name}'${text} is required.`));
    return [];
  }
  const misfits: Misfit[] = [];
  const fitted = fitValue(parameter, value, pointerTo('', name), misfits);
  for (const { at, message } of misfits) {
    problems.push(
      problem(
        'inputs_invalid',
        at,
        `The input ${at.slice(1).replaceAll('/', '.')} cannot be used: ${message}.`,
      ),
    );
  }
  return fitted === undefined ? [] : [[name, fitted]];
}

/** No input has that name. */
export function unknownInput(name: string, declared: WorkflowDefinition['inputs']): Problem {
  const hint = didYouMean(name, declared.keys());
  return problem('inputs_invalid', pointerTo('', name), `There is no input '${name.slice(0, 80)}'.`, hint);
}

/** Whether the members fit the definition: sizes, known entities, no agent twice in one entity. */
export function checkMembers(
  definition: WorkflowDefinition,
  members: { readonly [entity: string]: readonly AgentOfMember[] },
): Problem[] {
  const problems: Problem[] = [];
  for (const name of Object.keys(members)) {
    if (definition.entities.has(name)) continue;
    const hint = didYouMean(name, definition.entities.keys());
    problems.push(
      problem('members_invalid', pointerTo('', name), `There is no entity '${name.slice(0, 80)}'.`, hint),
    );
  }
  for (const entity of definition.entities.values()) {
    const given = Object.hasOwn(members, entity.name) ? (members[entity.name] ?? []) : [];
    const { min, max } = entity.members;
    if (given.length < min || given.length > max)
      problems.push(wrongSize(entity.name, given.length, entity.type, min, max));
    problems.push(...wrongMembers(entity.name, given));
  }
  return problems;
}

function wrongSize(name: string, size: number, type: string, min: number, max: number): Problem {
  const wanted = min === max ? `${min}` : `${min} to ${max}`;
  const message = `The ${type} ${name} has ${size} member(s); it must have ${wanted}.`;
  return problem(
    max > LIMITS.members || size > LIMITS.members ? 'limit_exceeded' : 'members_invalid',
    pointerTo('', name),
    message,
  );
}

function wrongMembers(name: string, members: readonly AgentOfMember[]): Problem[] {
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const [index, { agent, data }] of members.slice(0, LIMITS.members).entries()) {
    const at = pointerTo(pointerTo('', name), index);
    if (seen.has(agent)) {
      problems.push(
        problem('members_invalid', at, `The agent '${agent.slice(0, 80)}' is a member of ${name} twice.`),
      );
    }
    seen.add(agent);
    if (data === undefined) continue;
    if (!isShallow(data, LIMITS.definitionDepth) || jsonBytes(data) > LIMITS.memberDataBytes) {
      const message = `The data of member '${agent.slice(0, 80)}' of ${name} is too large: at most ${LIMITS.memberDataBytes} bytes and ${LIMITS.definitionDepth} levels.`;
      problems.push(problem('limit_exceeded', at, message));
    }
  }
  return problems;
}

function problem(code: ProblemCode, pointer: string, message: string, hint?: string): Problem {
  return { code, pointer, message, severity: 'error', ...(hint === undefined ? {} : { hint }) };
}
