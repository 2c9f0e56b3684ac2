// A plan on the screen, as people know plans: a sign for each step, what becomes of it and why, and the numbers.
// Belongs here: this layout. Does not belong here: what happens to a step (plan/).
import { summaryOf } from '../../plan/summary.ts';
import type { Fate, Plan, PlannedStep } from '../../plan/types.ts';
import type { Line, Tone } from './style.ts';
import { piece } from './style.ts';
import { pad, sanitiseLine, widest } from './text.ts';

interface Sign {
  readonly sign: string;
  readonly words: string;
  readonly tone: Tone;
}

const SIGNS: { readonly [fate in Fate]: Sign } = {
  run: { sign: '+', words: 'runs', tone: 'good' },
  run_again: { sign: '~', words: 'runs again', tone: 'warn' },
  cancel: { sign: '!', words: 'is called back', tone: 'bad' },
  undo: { sign: '-', words: 'is undone', tone: 'bad' },
  maybe: { sign: '?', words: 'perhaps', tone: 'busy' },
  keep: { sign: '=', words: 'is kept', tone: 'faint' },
};

/** From so many on, members of which the same is said stand in one line. */
const ALIKE = 4;
const COLUMN = 48;
const FATE_COLUMN = 14;

export interface PlanLinesOptions {
  /** With what is kept. */
  readonly verbose: boolean;
  /** What the plan takes as it stands, because of what nobody here can know. */
  readonly taken?: readonly { readonly what: string; readonly whys: readonly string[] }[];
  /** What follows, or is not in the plan. */
  readonly notes?: readonly string[];
}

interface Row {
  readonly name: string;
  readonly step: PlannedStep;
}

/** `title`: what is planned, such as `prod, generation 3`. */
export function planLines(
  title: string,
  plan: Plan,
  { verbose, taken = [], notes = [] }: PlanLinesOptions,
): Line[] {
  const heading: Line = [piece(sanitiseLine(title), 'strong')];
  if (plan.refused) {
    const { message, next } = plan.refused;
    return [
      heading,
      ...blocksOf([takenLines(taken)]),
      [],
      [piece('Refused: ', 'bad'), piece(sanitiseLine(`${message} ${next}`))],
    ];
  }
  const rows = rowsOf(plan.steps.filter(({ fate }) => verbose || fate !== 'keep'));
  const width = Math.min(COLUMN, widest(rows.map(({ name }) => name)));
  const people = [
    ...plan.joins.map(name => named('+', name, 'joins', 'good')),
    ...plan.leaves.map(name => named('-', name, 'leaves', 'bad')),
  ];
  const warnings = [...plan.warnings, ...notes].map(warningLine);
  const blocks = [takenLines(taken), people, rows.map(row => rowLine(row, width)), roleLines(plan), warnings];
  const count: Line = [piece('Plan: ', 'strong'), piece(`${summaryOf(plan)}.`)];
  return [heading, ...blocksOf(blocks), [], count];
}

/** Those that are not empty, each after an empty line. */
const blocksOf = (blocks: readonly (readonly Line[])[]): readonly Line[] =>
  blocks.flatMap(block => (block.length > 0 ? [[], ...block] : []));

/** As many causes are named. */
const WHYS = 3;

const takenLines = (taken: NonNullable<PlanLinesOptions['taken']>): readonly Line[] =>
  taken.map(({ what, whys }): Line => {
    const more = whys.length > WHYS ? ` and ${whys.length - WHYS} more` : '';
    const why = `${whys.slice(0, WHYS).join('; ')}${more}`;
    return [
      piece('  = ', 'faint'),
      piece(`${sanitiseLine(what)} taken as today`),
      piece(`: ${sanitiseLine(why)}`, 'faint'),
    ];
  });

const named = (sign: string, name: string, does: string, tone: Tone): Line => [
  piece(`  ${sign} `, tone),
  piece(`${sanitiseLine(name)} ${does}`),
];

function rowsOf(steps: readonly PlannedStep[]): readonly Row[] {
  const alike = new Map<string, PlannedStep[]>();
  for (const step of steps) {
    const key = JSON.stringify([everyMember(step.step), step.fate, step.reason]);
    const known = alike.get(key);
    if (known) known.push(step);
    else alike.set(key, [step]);
  }
  return [...alike.values()].flatMap(group => {
    const [step] = group;
    if (!step || group.length < ALIKE) return group.map(one => ({ name: sanitiseLine(one.step), step: one }));
    return [{ name: `${sanitiseLine(everyMember(step.step))} (${group.length})`, step }];
  });
}

/** `db[3].started` → `db[*].started` */
const everyMember = (step: string): string => step.replace(/\[\d+\]/, '[*]');

function rowLine({ name, step: { fate, reason, unsafe } }: Row, width: number): Line {
  const { sign, words, tone } = SIGNS[fate];
  return [
    piece(`  ${sign} `, tone),
    piece(`${pad(name, width)}  `),
    piece(pad(words, FATE_COLUMN), tone),
    ...(unsafe ? [piece(' not declared idempotent;', 'bad')] : []),
    piece(` ${sanitiseLine(reason)}`, 'faint'),
  ];
}

const roleLines = ({ roles }: Plan): readonly Line[] =>
  roles.map(({ role, from, to, reason }) => [
    piece('  ~ ', 'warn'),
    piece(
      `${sanitiseLine(role)} moves from ${names(from)} to ${to ? names(to) || 'nobody' : 'whoever shows'}`,
    ),
    piece(`: ${sanitiseLine(reason)}`, 'faint'),
  ]);

const names = (all: readonly string[]): string => sanitiseLine(all.join(', '));

const warningLine = (text: string): Line => [piece('  ! ', 'warn'), piece(sanitiseLine(text))];
