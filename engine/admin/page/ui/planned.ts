// A plan as it looks: what would happen to each step, and why.
// Belongs here: its lines and rows. Does not belong here: what is to change (plan.ts), making plans (engine/plan).
import type { Fate, Plan, PlannedStep } from '../../../plan/types.ts';
import type { PlanAnswer } from '../../../runtime/api.ts';
import { plural, type Tone } from '../model/words.ts';
import { type Child, h, type Node_ } from './dom.ts';
import { button } from './pieces.ts';
import type { Rows } from './rows.ts';
import type { Open } from './open.ts';

const COLUMNS = [
  { name: 'What happens', kind: 'c-state' },
  { name: 'Step', kind: 'c-name' },
  { name: 'Why', kind: 'c-why grow' },
];

const FATES: {
  readonly [fate in Fate]: { readonly mark: string; readonly word: string; readonly tone: Tone };
} = {
  run: { mark: '▸', word: 'runs', tone: 'busy' },
  run_again: { mark: '⟳', word: 'runs again', tone: 'busy' },
  cancel: { mark: '▪', word: 'called back', tone: 'warn' },
  undo: { mark: '↶', word: 'undone', tone: 'undo' },
  maybe: { mark: '?', word: 'maybe', tone: 'warn' },
  keep: { mark: '✓', word: 'stays', tone: 'quiet' },
};

/** What is wrong with what was asked for, each with where it stands. */
export const problemLines = (problems: PlanAnswer['problems']): readonly Child[] =>
  problems.map(({ message, hint, severity, pointer }) =>
    h(
      'p',
      { class: severity === 'error' ? 'wrong' : 'faint', key: message },
      [
        pointer === undefined || pointer === '' ? '' : `${pointer}: `,
        message,
        hint === undefined ? '' : ` ${hint}`,
      ].join(''),
    ),
  );

/** `6 runs · 1 runs again`; empty: nothing is run or undone. */
export const countedWords = ({ counts }: Plan): string =>
  (Object.keys(FATES) as Fate[])
    .filter(fate => counts[fate] > 0)
    .map(fate => `${counts[fate]} ${FATES[fate].word}`)
    .join(' · ');

export function summaryLines(plan: Plan): readonly Child[] {
  const { joins, leaves, roles, warnings, steps } = plan;
  const unsafe = steps.filter(one => one.unsafe).length;
  return [
    h('p', {}, h('strong', {}, countedWords(plan) || 'Nothing is run or undone.')),
    joins.length > 0 && h('p', {}, `Joins: ${joins.join(', ')}`),
    leaves.length > 0 && h('p', {}, `Leaves: ${leaves.join(', ')}`),
    ...roles.map(({ role, from, to, reason }) =>
      h(
        'p',
        { key: role },
        `${role}: ${from.join(', ') || 'nobody'} → ${to?.join(', ') ?? 'shows while it runs'} (${reason})`,
      ),
    ),
    unsafe > 0 &&
      h(
        'p',
        { class: 'wrong' },
        `${plural(unsafe, 'step')} would run again although nothing says that ${unsafe === 1 ? 'it' : 'they'} may.`,
      ),
    ...warnings.map(says => h('p', { class: 'wrong', key: says }, says)),
  ];
}

/** What changes comes first: it is what is looked for. */
export function plannedTable(rows: Rows<PlannedStep>, { steps }: Plan, open: Open): Node_ {
  return rows.node({
    label: `Plan of ${plural(steps.length, 'step')}`,
    kind: 'plan',
    columns: COLUMNS,
    items: steps.toSorted((a, b) => Number(a.fate === 'keep') - Number(b.fate === 'keep')),
    key: ({ step }) => step,
    chosen: open.address.step,
    choose: ({ step }) => open.go({ step }, open.address.step !== ''),
    cells: ({ step, fate, reason, unsafe }) => [
      h(
        'span',
        { class: `chip tone-${FATES[fate].tone}` },
        h('span', { class: 'mark', 'aria-hidden': 'true' }, FATES[fate].mark),
        FATES[fate].word,
      ),
      button(step, () => open.go({ step }), { class: 'step-link' }),
      h(
        'span',
        { class: 'why', title: reason },
        `${reason}${unsafe ? ' (nothing says that it may run again)' : ''}`,
      ),
    ],
  });
}
