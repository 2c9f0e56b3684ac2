// How a run ends on the screen: the outputs, or what failed or waits, and the commands that go on from there.
// Belongs here: the last lines of `run`, `resume` and `status`. Does not belong here: exit codes (exits.ts).
import type { JsonValue } from '../../base/json.ts';
import { isObject } from '../../base/json.ts';
import type { OutputFailure } from '../../machine/outputs.ts';
import type { Question, StepRecord } from '../../machine/types.ts';
import { causeWords } from '../../machine/why/cause-words.ts';
import type { StepView, WorkflowView } from '../../runtime/api.ts';
import type { Line, Style } from './style.ts';
import { markPiece, piece, plain } from './style.ts';
import { pad, plural, sanitise, sanitiseLine, shellWord, widest, wrap } from './text.ts';
import { unverifiedLines } from './doubts.ts';
import { errorPhrase } from './lanes.ts';
import { elapsed } from './progress.ts';
import { durationText } from './text.ts';

/** Makes a command line that can be pasted, with the options that lead to the engine where they are needed. */
export type CommandLine = (...words: readonly string[]) => string;

export function commandLine(suffix: readonly string[] = []): CommandLine {
  return (...words) => ['murano-workflow', ...words, ...suffix].map(shellWord).join(' ');
}

export interface EndingOptions {
  readonly width: number;
  readonly style: Style;
  readonly command: CommandLine;
}

const MAX_TAIL_LINES = 12;
const MAX_PROBLEM_STEPS = 5;

/** What remains to be said once a workflow stands still; nothing while it moves. */
export function endingLines(view: WorkflowView, options: EndingOptions): Line[] {
  return [...suspendedLines(view, options), ...lastWords(view, options)];
}

function suspendedLines({ record: { id, suspended } }: WorkflowView, options: EndingOptions): Line[] {
  if (suspended === undefined) return [];
  return [
    [
      markPiece('paused', options.style),
      piece(` ${sanitiseLine(id)} is suspended by ${sanitiseLine(suspended.by)}: nothing begins.`, 'warn'),
    ],
    ...nextLines([{ what: 'Go on', command: options.command('resume', id) }]),
  ];
}

function lastWords(view: WorkflowView, options: EndingOptions): Line[] {
  switch (view.record.status) {
    case 'complete':
      return completeLines(view, options);
    case 'failed':
    case 'delete_failed':
      return failedLines(view, options);
    case 'held':
      return heldLines(view, options);
    case 'deleted':
      return [[markPiece('done', options.style), piece(` ${sanitiseLine(view.record.id)} is deleted.`)]];
    case 'running':
    case 'checking':
    case 'cancelling':
    case 'undoing':
    case 'deleting':
      return [];
  }
}

function completeLines(view: WorkflowView, options: EndingOptions): Line[] {
  const took = durationText(elapsed(view.record, view.record.at));
  const tolerated = view.steps.filter(
    step => step.record.cause === 'tolerated' || step.record.status === 'failed',
  );
  return [
    [
      markPiece('done', options.style),
      piece(` ${sanitiseLine(view.record.id)} is complete after ${took}.`, 'good'),
    ],
    ...(tolerated.length === 0
      ? []
      : [
          [
            piece(`  ${plural(tolerated.length, 'failure')} that the goal did not need: `, 'warn'),
            piece(idList(tolerated)),
          ],
        ]),
    ...unverifiedLines(view),
    ...outputLines(view, options.width),
    ...(isDoubted(view) ? nextLines([convergeAgain(view, options)]) : []),
  ];
}

const isDoubted = (view: WorkflowView): boolean => unverifiedLines(view).length > 0;

const convergeAgain = ({ record: { id } }: WorkflowView, { command }: EndingOptions): Next => ({
  what: 'Run again what is unverified, after its probe',
  command: command('converge', id),
});

const idList = (steps: readonly StepView[]): string => {
  const more = steps.length - MAX_PROBLEM_STEPS;
  const shown = steps
    .slice(0, MAX_PROBLEM_STEPS)
    .map(step => sanitiseLine(step.id))
    .join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
};

/** Name and value of each output, the values wrapped in their column. */
export function outputLines(view: WorkflowView, width: number): Line[] {
  const entries = Object.entries(view.outputs);
  const { outputFailures = [] } = view;
  if (entries.length + outputFailures.length === 0) return [];
  const names = [...entries.map(([name]) => name), ...outputFailures.map(({ name }) => name)];
  const column = Math.min(28, widest(names));
  return [
    [],
    plain('Outputs'),
    ...entries.flatMap(([name, value]) =>
      valueLines(value, width - column - 4).map((text, index) => [
        piece(`  ${pad(index === 0 ? sanitiseLine(name) : '', column)}  `, 'strong'),
        piece(text),
      ]),
    ),
    ...outputFailures.flatMap(failure => outputFailureLines(failure, column, width)),
  ];
}

/** One that reads what is not there may be meant so; one that is mistaken is not. */
export function outputFailureLines(
  { name, absent, message }: OutputFailure,
  column: number,
  width: number,
): Line[] {
  return wrap(`no value: ${sanitiseLine(message)}`, width - column - 4).map((text, index) => [
    piece(`  ${pad(index === 0 ? sanitiseLine(name) : '', column)}  `, 'strong'),
    piece(text, absent ? 'faint' : 'bad'),
  ]);
}

function valueLines(value: JsonValue, width: number): string[] {
  if (typeof value === 'string') return longLines(sanitise(value), width);
  if (Array.isArray(value) && value.length > 0)
    return value.flatMap((item: JsonValue) => valueLines(item, width));
  if (isObject(value) && Object.keys(value).length > 0)
    return Object.entries(value).flatMap(([key, item]) =>
      longLines(`${sanitiseLine(key)}: ${compact(item)}`, width),
    );
  return longLines(compact(value), width);
}

const compact = (value: JsonValue): string =>
  sanitiseLine(typeof value === 'string' ? value : JSON.stringify(value));

/** A value that is one word (a connection string) is never broken: it is there to be copied. */
const longLines = (text: string, width: number): string[] => (/\s/.test(text) ? wrap(text, width) : [text]);

function failedLines(view: WorkflowView, options: EndingOptions): Line[] {
  const failed = view.steps.filter(
    step =>
      step.record.status === 'failed' ||
      step.record.status === 'interrupted' ||
      step.record.cause === 'undo_failed' ||
      (step.record.status === 'undone' && step.record.error !== undefined),
  );
  const { record } = view;
  const deleting = record.status === 'delete_failed';
  const took = durationText(elapsed(record, record.at));
  const head = deleting ? 'could not be deleted whole' : `failed after ${took}`;
  return [
    [markPiece('failed', options.style), piece(` ${sanitiseLine(record.id)} ${head}.`, 'bad')],
    ...(failed.length === 0 && record.reason !== '' ? [plain(`  ${sanitiseLine(record.reason)}`)] : []),
    ...troubleLines(failed, options),
    ...(isTakenBack(view) ? [[], plain('  What it had started is undone.')] : []),
    ...nextLines(deleting ? deleteAgain(record.id, options.command) : goOn(view, failed, options.command)),
  ];
}

/** `on_workflow_failure: undo`: it failed, and nothing of what it did is left. */
const isTakenBack = ({ record, steps }: WorkflowView): boolean =>
  record.status === 'failed' &&
  steps.some(step => step.record.status === 'undone') &&
  steps.every(step => !step.record.touched || step.record.status === 'undone');

/** The end of a deletion. Undos that failed and were tolerated left something behind: that is said, with why. */
export function deletedLines(
  id: string,
  residue: readonly { readonly step: string; readonly record: StepRecord }[],
  width: number,
  style: Style,
): Line[] {
  const head = plain(`${sanitiseLine(id)} is deleted.`);
  if (residue.length === 0) return [head];
  const left = residue.flatMap(({ step, record: { agent, error } }) => [
    [
      piece(`  ${sanitiseLine(step)}`, 'strong'),
      piece(agent === undefined ? '' : ` by ${sanitiseLine(agent)}`),
      piece(`: ${error === undefined ? causeWords('undo_failed') : errorPhrase(error)}`),
    ],
    ...tailLines(error?.tail ?? '', width - 6).map(text => [piece('    | ', 'faint'), piece(text)]),
  ]);
  const count = plural(residue.length, 'step');
  return [
    head,
    [
      markPiece('failed', style),
      piece(` ${count} could not be undone; look after what is left by hand:`, 'bad'),
    ],
    ...left,
  ];
}

function heldLines(view: WorkflowView, options: EndingOptions): Line[] {
  const held = view.steps.filter(step => step.record.status === 'paused');
  return [
    [
      markPiece('paused', options.style),
      piece(` ${sanitiseLine(view.record.id)} is held: only you can move it.`, 'warn'),
      piece(held.length > 0 || view.record.reason === '' ? '' : ` ${sanitiseLine(view.record.reason)}`),
    ],
    ...troubleLines(held, options),
    ...alreadyFailed(view),
    ...nextLines(answer(view, held, options.command)),
  ];
}

/** What failed beside: it is tried again by `retry` without a step. */
function alreadyFailed({ steps }: WorkflowView): Line[] {
  const failed = steps.filter(step => step.record.status === 'failed');
  if (failed.length === 0) return [];
  return [[], [piece(`  ${plural(failed.length, 'other step')} failed: `, 'bad'), piece(idList(failed))]];
}

function troubleLines(steps: readonly StepView[], options: EndingOptions): Line[] {
  const lines = steps.slice(0, MAX_PROBLEM_STEPS).flatMap(step => [[], ...stepTrouble(step, options)]);
  const more = steps.length - MAX_PROBLEM_STEPS;
  return more > 0 ? [...lines, [], plain(`  … and ${plural(more, 'more step')} like this.`)] : lines;
}

/** The step, where it ran, why it ended, and the tail of what it said. */
export function stepTrouble(step: StepView, { width, style }: EndingOptions): Line[] {
  const { record } = step;
  const isOwn = record.agent === undefined || record.agent === step.member?.agent;
  const where = isOwn ? step.member?.name : record.agent;
  const message = troubleText(record);
  const attempts = record.attempt > 1 ? ` (attempt ${record.attempt})` : '';
  const bar = style.unicode ? '│' : '|';
  return [
    [
      piece(`  ${sanitiseLine(step.id)}`, 'strong'),
      piece(where === undefined ? '' : ` on ${sanitiseLine(where)}`),
      piece(`: ${message}${attempts}`),
    ],
    ...tailLines(record.error?.tail ?? '', width - 6).map(text => [
      piece(`    ${bar} `, 'faint'),
      piece(text),
    ]),
  ];
}

function troubleText({ asks, error, cause }: StepRecord): string {
  if (asks?.kind === 'approval') return `waits for a yes or no: ${sanitiseLine(asks.message)}`;
  if (asks?.kind === 'signal') return `waits for the signal ${asks.name}`;
  return error === undefined ? causeWords(cause) : errorPhrase(error);
}

function tailLines(tail: string, width: number): string[] {
  const clean = sanitise(tail).trimEnd();
  if (clean === '') return [];
  return clean
    .split('\n')
    .flatMap(line => wrap(line, width))
    .slice(-MAX_TAIL_LINES);
}

interface Next {
  readonly what: string;
  readonly command: string;
}

function nextLines(next: readonly Next[]): Line[] {
  if (next.length === 0) return [];
  return [
    [],
    plain('What you can do next'),
    ...next.flatMap(({ what, command }) => [plain(`  ${what}:`), [piece(`    ${command}`, 'strong')]]),
  ];
}

function goOn(view: WorkflowView, failed: readonly StepView[], command: CommandLine): Next[] {
  const { id } = view.record;
  const [first] = failed;
  const what = isTakenBack(view)
    ? 'Begin again'
    : 'Go on from here: what failed is tried again, what is done stays';
  return [
    { what, command: command('resume', id) },
    ...(first === undefined
      ? []
      : [{ what: 'Go on without this step, as if it were done', command: command('skip', id, first.id) }]),
    { what: 'See every step', command: command('status', id) },
    { what: 'Undo what was done and remove it', command: command('delete', id) },
  ];
}

function answer(view: WorkflowView, held: readonly StepView[], command: CommandLine): Next[] {
  const { id } = view.record;
  const [first] = held;
  if (first === undefined) {
    const runsChild = view.steps.some(({ record }) => record.held !== undefined);
    if (runsChild) return [{ what: 'See who can answer, and how', command: command('why', id) }];
    return [{ what: 'See what waits', command: command('status', id) }];
  }
  if (first.record.asks !== undefined) return answerTo(id, first, first.record.asks, command);
  return [
    { what: 'Try the step again', command: command('retry', id, first.id) },
    {
      what: 'Go on as if it were done (give its outputs with --outputs name=value)',
      command: command('skip', id, first.id),
    },
    { what: 'Let it fail', command: command('fail', id, first.id) },
  ];
}

function answerTo(id: string, { id: step }: StepView, asks: Question, command: CommandLine): Next[] {
  if (asks.kind === 'approval') {
    return [
      { what: 'Say yes', command: command('approve', id, step) },
      { what: 'Say no: the step fails', command: command('reject', id, step) },
    ];
  }
  return [
    { what: 'Send the signal (with --data name=value)', command: command('signal', id, asks.name) },
    { what: 'Go on without it, as if it had come', command: command('skip', id, step) },
  ];
}

function deleteAgain(id: string, command: CommandLine): Next[] {
  return [
    { what: 'Try again', command: command('delete', id) },
    { what: 'Forget it without undoing', command: command('delete', id, '--abandon') },
  ];
}
