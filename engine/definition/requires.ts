// `requires`: the forms in which a state names what it waits for.
// Belongs here: bare names, qualified names, quorums, outcomes, any_of. Does not belong here: whether the names exist (resolve.ts).
import { isObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { RequirementDraft } from './draft.ts';
import { type Fields, type Node, readItems, readMap, readName, readText } from './reader.ts';
import type { Report } from './report.ts';
import { type Quorum, REQUIRED_OUTCOMES, type RequiredOutcome } from './types.ts';
import { shown } from './yaml-scalars.ts';

const WORDS = ['all', 'any', 'majority'] as const;

export function readRequires(fields: Fields): RequirementDraft[] {
  const { report, what } = fields;
  const items = readItems(report, fields.get('requires'), `requires of ${what}`, LIMITS.requirementsPerState);
  const all = items.flatMap((item, choice) =>
    isChoice(item) ? readChoice(report, item, what, choice) : readRequirement(report, item, what),
  );
  if (all.length > LIMITS.requirementsPerState) {
    const message = `requires of ${what} names ${all.length} states; at most ${LIMITS.requirementsPerState} may be.`;
    report.add('limit_exceeded', fields.at, message);
  }
  return all;
}

/** States, each of which it requires too. */
export function readRerunAfter(fields: Fields): { readonly rerunAfter?: readonly RequirementDraft[] } {
  const rerunAfter = readStates(fields, 'rerun_after');
  return rerunAfter === undefined ? {} : { rerunAfter };
}

/** States that are awaited before the old is undone (`on_change: replace`). */
export function readRetireAfter(fields: Fields): { readonly retireAfter?: readonly RequirementDraft[] } {
  const retireAfter = readStates(fields, 'retire_after');
  return retireAfter === undefined ? {} : { retireAfter };
}

function readStates(fields: Fields, key: string): readonly RequirementDraft[] | undefined {
  const { report, what } = fields;
  const node = fields.get(key);
  if (node === undefined) return undefined;
  return readItems(report, node, `${key} of ${what}`, LIMITS.requirementsPerState).flatMap(item => {
    const name = readName(report, item, `${key} of ${what}`);
    return name === undefined ? [] : [{ name, at: item.at }];
  });
}

const isChoice = ({ value }: Node): boolean => isObject(value) && Object.hasOwn(value, 'any_of');

/** `any_of`: requirements of which one is enough. */
function readChoice(report: Report, item: Node, what: string, choice: number): RequirementDraft[] {
  const fields = readMap(report, item, 'requirement', `any_of of ${what}`);
  for (const key of ['state', 'members', 'outcome', 'within'].filter(other => fields?.has(other))) {
    report.add('wrong_value', item.at, `A requirement of ${what} has any_of and ${key}.`, {
      hint: `Write ${key} inside any_of, or as a requirement of its own.`,
    });
  }
  const node = fields?.get('any_of');
  const items = readItems(report, node, `any_of of ${what}`, LIMITS.requirementsPerState);
  if (items.length === 0) report.add('wrong_value', item.at, `any_of of ${what} names no state.`);
  return items.flatMap(inner => {
    if (!isChoice(inner))
      return readRequirement(report, inner, what).map(one => alternative(report, one, what, choice));
    report.add('wrong_value', inner.at, `any_of of ${what} stands in another any_of.`, {
      hint: 'Write all of them in one list.',
    });
    return [];
  });
}

/** From when would it count, while another alternative may still be met? */
function alternative(
  report: Report,
  { within, ...one }: RequirementDraft,
  what: string,
  choice: number,
): RequirementDraft {
  if (within !== undefined) {
    const message = `An alternative in any_of of ${what} has 'within'.`;
    report.add('wrong_value', one.at, message, {
      hint: "'within' is for a requirement of its own: give the state a timeout, or let a state with it be the alternative.",
    });
  }
  return { ...one, choice };
}

/** None when it can't be read. */
function readRequirement(report: Report, item: Node, what: string): RequirementDraft[] {
  if (!isObject(item.value)) {
    const name = readName(report, item, `A requirement of ${what}`);
    return name === undefined ? [] : [{ name, at: item.at }];
  }
  const fields = readMap(report, item, 'requirement', `a requirement of ${what}`);
  const state = fields?.required('state');
  const name = state && readName(report, state, `state of a requirement of ${what}`);
  if (fields === undefined || state === undefined || name === undefined) return [];
  const outcome = { ...readOutcome(fields), ...readWithin(fields, what) };
  const members = fields.get('members');
  if (members === undefined) return [{ name, at: state.at, ...outcome }];
  const quorum = readQuorum(report, members, what);
  if (quorum === undefined) return [];
  return [{ name, at: state.at, quorum, quorumAt: members.at, ...outcome }];
}

/** A failure that does not come in time is no failure: nobody would be to blame for it. */
function readWithin(fields: Fields, what: string): { readonly within?: number } {
  const within = fields.duration('within', 1000);
  if (within === undefined) return {};
  if (fields.choice('outcome', ['reached', ...REQUIRED_OUTCOMES]) !== 'failed') return { within };
  const message = `A requirement of ${what} waits for a failure and has 'within'.`;
  fields.report.add('wrong_value', fields.place('within'), message, {
    hint: "Remove 'within', or give the state that may fail a timeout.",
    key: true,
  });
  return {};
}

/** `reached` is what a requirement means when it says nothing. */
function readOutcome(fields: Fields): { readonly outcome?: RequiredOutcome } {
  const word = fields.choice('outcome', ['reached', ...REQUIRED_OUTCOMES]);
  return word === undefined || word === 'reached' ? {} : { outcome: word };
}

function readQuorum(report: Report, node: Node, what: string): Quorum | undefined {
  const { value, at } = node;
  if (typeof value === 'number') return readCount(report, value, at, what);
  const text = readText(report, node, `members of a requirement of ${what}`);
  if (text === undefined) return undefined;
  const word = WORDS.find(candidate => candidate === text);
  if (word !== undefined) return { kind: word };
  const percent = /^(\d{1,3})%$/.exec(text);
  if (percent !== null && Number(percent[1]) >= 1 && Number(percent[1]) <= 100) {
    return { kind: 'percent', percent: Number(percent[1]) };
  }
  report.add('wrong_value', at, `members of a requirement of ${what} is '${shown(text)}'.`, {
    hint: 'Write all, any, majority, a number such as 2, or a percentage from 1% to 100%.',
  });
  return undefined;
}

function readCount(report: Report, value: number, at: string, what: string): Quorum | undefined {
  if (Number.isInteger(value) && value >= 1 && value <= LIMITS.members)
    return { kind: 'count', count: value };
  const code = value > LIMITS.members ? 'limit_exceeded' : 'wrong_value';
  report.add(
    code,
    at,
    `members of a requirement of ${what} is ${value}; a number must be 1 to ${LIMITS.members}.`,
  );
  return undefined;
}
