// What a simulation shows: the end, lanes over time, the order of the steps, what took longest, who would be asked.
// Belongs here: the sections and their order. Does not belong here: bars (timeline.ts), groups of steps (runs.ts).
import type { StateGraph, Step } from '../../graph/types.ts';
import type { StepStatus, WorkflowStatus } from '../../machine/types.ts';
import { causeWords } from '../../machine/why/cause-words.ts';
import { GUESSED } from '../../whatif/plan.ts';
import type { Course, PathLink, Phase, Played, StepCourse } from '../../whatif/types.ts';
import type { EndingOptions } from './ending.ts';
import { outputFailureLines } from './ending.ts';
import { errorPhrase } from './lanes.ts';
import type { Group } from './runs.ts';
import { grouped } from './runs.ts';
import type { Line, Mark, Piece, Style } from './style.ts';
import { markOf, markPiece, piece, plain } from './style.ts';
import { durationText, pad, plural, sanitiseLine, truncate, widest, wrap } from './text.ts';
import { timelineLines } from './timeline.ts';

export interface Simulated {
  readonly played: Played;
  readonly madeUp: readonly string[];
  /** The workflow's name in command lines. */
  readonly name: string;
  readonly measured?: Measured;
}

/** Where durations come from that nobody said: a workflow that has run, and how many of its states told them. */
export interface Measured {
  readonly workflow: string;
  readonly states: number;
}

const MOST_ROWS = 60;
const MOST_LINKS = 30;
const MOST_ASKED = 5;
const LABEL_WIDTH = 40;

export function simulationLines(simulated: Simulated, options: EndingOptions): Line[] {
  const { played, name } = simulated;
  const { phases, refused } = played;
  return [
    ...phases.flatMap((phase, place) => [
      ...(phase.says === '' ? [] : [[], askedFor(phase)]),
      ...phaseLines(phase, name, { ...options, isCut: place < phases.length - 1 }),
    ]),
    ...section('Refused', refusedLines(refused, options.width)),
    ...section('Assumed', assumedLines(simulated, options.width)),
  ];
}

interface PhaseOptions extends EndingOptions {
  /** Something else was asked then. */
  readonly isCut: boolean;
}

/** What came of the creation, or of what was asked later. */
function phaseLines({ course, graph, operation, says }: Phase, name: string, options: PhaseOptions): Line[] {
  const { width, style } = options;
  return [
    ...headLines(course, name, options),
    ...operationLines(operation, width),
    ...section('Machines over time', timelineLines(graph, course, width, style)),
    ...section('Order', orderLines(graph, begunIn(graph, course, says === ''), style)),
    ...section('Critical path', pathLines(graph, course, style)),
    ...section('Answered, as was said', answeredLines(course)),
    ...section('An operator would be asked', askedLines(course, name, options)),
    ...section('The end', endLines(graph, course, style)),
    ...section('Outputs without a value', outputsWithout(course, width)),
  ];
}

/** Times below it count from then. */
const askedFor = ({ says, at }: Phase): Line => [
  piece(`At ${durationText(at)}: `, 'strong'),
  piece(sanitiseLine(says), 'strong'),
];

const operationLines = (operation: Phase['operation'], width: number): Line[] =>
  operation === undefined || operation.status === 'done'
    ? []
    : wrap(`The operation is ${operation.status}: ${sanitiseLine(operation.reason)}`, width - 2).map(text =>
        plain(`  ${text}`),
      );

const refusedLines = (refused: Played['refused'], width: number): Line[] =>
  refused.flatMap(({ says, at, message, next }) =>
    wrap(sanitiseLine(`${says}, at ${durationText(at)}: ${message} ${next}`), width - 2).map(text =>
      plain(`  ${text}`),
    ),
  );

const section = (title: string, lines: readonly Line[]): Line[] =>
  lines.length === 0 ? [] : [[], [piece(title, 'strong')], ...lines];

const HEADS: { readonly [status in WorkflowStatus]?: { readonly mark: Mark; readonly words: string } } = {
  complete: { mark: 'done', words: 'would be complete after' },
  failed: { mark: 'failed', words: 'would fail after' },
  held: { mark: 'paused', words: 'would wait for an operator after' },
};

function headLines(course: Course, name: string, { style, width, isCut }: PhaseOptions): Line[] {
  const otherwise = isCut ? 'would still run after' : 'would stand still after';
  const { mark, words } = HEADS[course.status] ?? { mark: 'waiting', words: otherwise };
  const sign = markPiece(mark, style);
  const early = course.goalAt !== undefined && course.goalAt < course.makespan;
  const goal = early ? ` The goal would hold after ${durationText(course.goalAt ?? 0)}.` : '';
  return [
    [sign, piece(` ${sanitiseLine(name)} ${words} ${durationText(course.makespan)}.${goal}`, sign.tone)],
    ...(course.reason === ''
      ? []
      : wrap(sanitiseLine(course.reason), width - 2).map(text => plain(`  ${text}`))),
  ];
}

/** Later, what stays after a look at what changed is not told; joins and computed values are, where they come to be. */
const begunIn = (graph: StateGraph, { steps }: Course, isFirst: boolean): readonly StepCourse[] =>
  steps.filter(({ start, status, since, number }) => {
    const kind = (graph.steps[number] as Step).state.action?.kind;
    const isThere = isFirst || (since >= 0 && (kind === undefined || kind === 'set'));
    return start !== undefined || (status === 'reached' && isThere);
  });

/** What began at the same time and ended alike is one line. */
function orderLines(graph: StateGraph, begun: readonly StepCourse[], style: Style): Line[] {
  const groups = grouped(
    graph,
    begun,
    step => `${step.start} ${endOf(step)} ${step.status} ${step.attempts}`,
  );
  const shown = groups.slice(0, MOST_ROWS);
  const column = Math.min(LABEL_WIDTH, widest(shown.map(({ label }) => label)));
  return [
    ...shown.map(group => orderLine(group, column, style)),
    ...moreOf(groups.length - MOST_ROWS, 'more line'),
  ];
}

const moreOf = (count: number, one: string): Line[] =>
  count > 0 ? [plain(`  … and ${plural(count, one)}; --json has all`)] : [];

const endOf = ({ spans, since }: StepCourse): number => spans.at(-1)?.to ?? since;

function orderLine({ label, first, size }: Group, column: number, style: Style): Line {
  const start = first.start ?? first.since;
  const took = endOf(first) - start;
  const notes = [
    ...(size > 1 ? [`${size} steps`] : []),
    ...(first.attempts > 1 ? [`${first.attempts} attempts`] : []),
    ...(first.status === 'reached' && first.cause === undefined ? [] : [troubleOf(first)]),
  ];
  return [
    piece(`  ${durationText(start).padStart(7)} `, 'faint'),
    piece(`${took === 0 ? '' : `+${durationText(took)}`}`.padStart(8)),
    piece('  '),
    mark(first, style),
    piece(` ${pad(truncate(label, column), column)}  `),
    piece(notes.join(', '), 'faint'),
  ];
}

const mark = (step: StepCourse, style: Style): Piece => markPiece(markOf(step), style);

function troubleOf(step: StepCourse): string {
  const { status } = step;
  const why = whyOf(step);
  const said = status === 'reached' ? 'tolerated' : status.replaceAll('_', ' ');
  return why === '' ? said : `${said}: ${why}`;
}

function whyOf({ cause, error, held }: StepCourse): string {
  if (held !== undefined) return `its child is held: ${sanitiseLine(held)}`;
  if (error !== undefined) return errorPhrase(error);
  return cause === undefined ? '' : causeWords(cause);
}

function pathLines(graph: StateGraph, { criticalPath, makespan, steps }: Course, style: Style): Line[] {
  const shown = criticalPath.slice(0, MOST_LINKS);
  const column = Math.min(LABEL_WIDTH, widest(shown.map(({ step }) => step)));
  return [
    ...shown.flatMap(link => [
      pathLine(graph, link, { column, makespan, style }),
      ...childPath(
        steps.find(({ number }) => number === link.number),
        column,
      ),
    ]),
    ...moreOf(criticalPath.length - MOST_LINKS, 'more step'),
  ];
}

/** What the child of a link took as long as; times count from the child's own beginning. */
function childPath(step: StepCourse | undefined, column: number): Line[] {
  const links = step?.child?.criticalPath ?? [];
  const lines = links
    .slice(0, MOST_CHILD_LINKS)
    .map(({ step: inner, from, to, kind }) => [
      piece(`  ${durationText(from).padStart(7)} `, 'faint'),
      piece(`+${durationText(to - from)}`.padStart(8), 'faint'),
      piece(`        ${pad(truncate(inner, column), column)}  ${kind}`, 'faint'),
    ]);
  return [...lines, ...moreOf(links.length - MOST_CHILD_LINKS, 'more step')];
}

const MOST_CHILD_LINKS = 10;

interface PathLayout {
  readonly column: number;
  readonly makespan: number;
  readonly style: Style;
}

const WAITED = { machine: 'its machine was busy before', turn: 'its turn came' } as const;

function pathLine(graph: StateGraph, link: PathLink, { column, makespan, style }: PathLayout): Line {
  const took = link.to - link.from;
  const share = makespan === 0 ? 0 : Math.round((100 * took) / makespan);
  const kind = (graph.steps[link.number] as Step).state.action?.kind ?? '';
  const waited = link.after === 'required' ? '' : `${style.unicode ? ' · ' : ' - '}${WAITED[link.after]}`;
  return [
    piece(`  ${durationText(link.from).padStart(7)} `, 'faint'),
    piece(`+${durationText(took)}`.padStart(8)),
    piece(`${share}%`.padStart(5), 'faint'),
    piece(`  ${pad(truncate(link.step, column), column)}  `, 'strong'),
    piece(`${kind}${waited}`, 'faint'),
  ];
}

function answeredLines({ answered }: Course): Line[] {
  const lines = answered
    .slice(0, MOST_ASKED)
    .map(({ step, at, says }) => [
      piece(`  ${durationText(at).padStart(7)} `, 'faint'),
      piece(step, 'strong'),
      piece(`: ${says}`),
    ]);
  return [...lines, ...moreOf(answered.length - MOST_ASKED, 'more answer')];
}

function askedLines(course: Course, name: string, { command }: EndingOptions): Line[] {
  const held = course.steps.filter(({ status, held: child }) => status === 'paused' || child !== undefined);
  const lines = held
    .slice(0, MOST_ASKED)
    .flatMap((step): Line[] => [
      [piece(`  ${step.id}`, 'strong'), piece(`: ${whyOf(step)}`)],
      ...answersTo(step).map(([what, verb, about = step.id]) =>
        plain(`    ${pad(`${what}:`, 20)} ${command(verb, name, about)}`),
      ),
    ]);
  return [...lines, ...moreOf(held.length - MOST_ASKED, 'more step')];
}

/** What it means, the command for it, and of what it speaks unless of the step. */
function answersTo({ cause, signal, held }: StepCourse): readonly (readonly [string, string, string?])[] {
  if (held !== undefined) return [['how to answer', 'why']];
  const skip = ['as if it were done', 'skip'] as const;
  if (cause === 'waits_for_approval') return [['yes', 'approve'], ['no', 'reject'], skip];
  if (cause === 'waits_for_signal' && signal !== undefined) return [['it has come', 'signal', signal], skip];
  return [['try it again', 'retry'], skip, ['let it fail', 'fail']];
}

const ENDS: readonly StepStatus[] = [
  'reached',
  'failed',
  'undone',
  'interrupted',
  'paused',
  'blocked',
  'skipped',
  'not_needed',
  'running',
  'ready',
  'waiting',
];

/** Counted; those that are not reached by name. */
function endLines(graph: StateGraph, { steps }: Course, style: Style): Line[] {
  return ENDS.flatMap(status => {
    const those = steps.filter(step => step.status === status);
    const [first] = those;
    if (first === undefined) return [];
    const groups = status === 'reached' ? [] : grouped(graph, those, step => troubleOf(step));
    return [
      [piece('  '), mark(first, style), piece(` ${pad(status.replaceAll('_', ' '), 11)} ${those.length}`)],
      ...groups.slice(0, MOST_ASKED).map(group => endLine(group)),
      ...moreOf(groups.length - MOST_ASKED, 'more line'),
    ];
  });
}

function endLine({ label, first }: Group): Line {
  const why = whyOf(first);
  return [piece(`      ${label}`), piece(why === '' ? '' : `  ${why}`, 'faint')];
}

const outputsWithout = ({ outputFailures }: Course, width: number): Line[] => {
  const column = Math.min(LABEL_WIDTH, widest(outputFailures.map(({ name }) => name)));
  return outputFailures.flatMap(failure => outputFailureLines(failure, column, width));
};

/** So that nobody takes a guess for a measurement. */
function assumedLines({ played, madeUp, measured }: Simulated, width: number): Line[] {
  const guesses = Object.entries(GUESSED).map(([kind, ms]) => `${kind} ${durationText(ms)}`);
  const past = measured === undefined ? '' : ' and --durations-from';
  const sentences = [
    ...(measured === undefined
      ? []
      : [
          `Durations of ${plural(measured.states, 'state')} as ${measured.workflow} took, the median of its members.`,
        ]),
    `Where --durations${past} say${measured === undefined ? 's' : ''} nothing: ${guesses.join(', ')}. Outputs that --outputs does not give are made up.`,
    ...(played.phases.some(({ course }) => course.steps.some(({ child }) => child !== undefined))
      ? ['Each child was played through alone, as if nothing else ran on its machines.']
      : []),
    ...(madeUp.length > 0 ? [`Inputs made up: ${madeUp.join(', ')}.`] : []),
  ];
  return sentences.flatMap(text => wrap(text, width - 2)).map(text => [piece(`  ${text}`, 'faint')]);
}
