// What a person may ask for, what follows from it, and the command line that asks for the same.
// Belongs here: words and consequences of requests. Does not belong here: which of them the machine grants in a state
// (machine/why/answers.ts tells), sending them (client.ts).
import type { JsonObject, JsonValue } from '../../../base/json.ts';
import type { StepView, WorkflowView } from '../../../runtime/api.ts';
import type { Rehearsal } from '../../../runtime/rehearsal.ts';
import { plural, STEP_LOOKS, WORKFLOW_LOOKS } from './words.ts';

export type Act =
  | { readonly kind: 'retry'; readonly step?: string }
  | { readonly kind: 'skip'; readonly step: string; readonly outputs: JsonObject }
  | { readonly kind: 'fail' | 'undo' | 'approve' | 'reject'; readonly step: string }
  | { readonly kind: 'signal'; readonly name: string; readonly data: JsonObject }
  | { readonly kind: 'resume' | 'cancel' | 'suspend' | 'check' | 'converge' }
  | { readonly kind: 'delete'; readonly abandon: boolean };

export interface Wording {
  readonly button: string;
  /** Whether something is lost by it for good. */
  readonly grave: boolean;
}

export function wordingOf(act: Act): Wording {
  const words = (button: string, grave = false): Wording => ({ button, grave });
  switch (act.kind) {
    case 'retry':
      return words(act.step === undefined ? 'Retry all that failed' : 'Retry');
    case 'skip':
      return words('Skip');
    case 'fail':
      return words('Let it fail', true);
    case 'undo':
      return words('Undo', true);
    case 'approve':
      return words('Approve');
    case 'reject':
      return words('Reject', true);
    case 'signal':
      return words(`Send signal ${act.name}`);
    case 'resume':
      return words('Resume');
    case 'cancel':
      return words('Cancel', true);
    case 'suspend':
      return words('Suspend');
    case 'check':
      return words('Check');
    case 'converge':
      return words('Converge');
    case 'delete':
      return act.abandon ? words('Abandon', true) : words('Delete', true);
    default:
      return act satisfies never;
  }
}

/** What the engine says would follow at once, most of what a person wants to know first; undefined: it has not said yet. */
export function foretold(rehearsed: Rehearsal | undefined): readonly string[] {
  if (rehearsed === undefined) return [];
  const { result, from, to, starts, stops, steps, undoes = [] } = rehearsed;
  if (result.status === 'rejected') return [`It would be refused: ${result.message} ${result.next}`];
  const moved = steps.map(step => `${step.step} ${word(step.from)} → ${word(step.to)}`);
  return [
    ...(undoes.length > 0
      ? [`Undone, one after the other: ${undoes.map(together => few(together)).join('; then ')}.`]
      : []),
    ...(from === to ? [] : [`At once the workflow goes from ${word(from)} to ${word(to)}.`]),
    ...(starts.length > 0 ? [`Starts at once: ${few(starts)}.`] : []),
    ...(stops.length > 0 ? [`Is called back at once: ${few(stops)}.`] : []),
    ...(moved.length > 0 ? [`Changes at once: ${few(moved)}.`] : []),
  ];
}

/** Whether the undo of a step can be asked for: the workflow rests, and something of the step may be there. */
export const mayUndo = (
  { status, suspended, operation, parent }: WorkflowView['record'],
  { record }: StepView,
): boolean =>
  UNDOABLE.has(status) &&
  !suspended &&
  !operation &&
  !parent &&
  record.status !== 'undone' &&
  (record.touched || record.status === 'reached');

const UNDOABLE = new Set(['complete', 'failed', 'held', 'checking']);

const word = (status: string): string =>
  (({ ...WORKFLOW_LOOKS, ...STEP_LOOKS }) as { readonly [status: string]: { readonly word: string } })[status]
    ?.word ?? status;

function few(names: readonly string[], most = 5): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ');
}

/** Edges between states: what stands on what. */
export interface Standing {
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

/** What will happen, a sentence each, the most important first. `standing` absent: the graph is not known. */
export function consequences(
  act: Act,
  view: WorkflowView,
  standing: Standing | undefined,
): readonly string[] {
  const step =
    'step' in act && act.step !== undefined ? view.steps.find(({ id }) => id === act.step) : undefined;
  const after = step && standing ? standingOn(step, view, standing) : undefined;
  switch (act.kind) {
    case 'retry':
      return step ? [retryText(step), ...afterText(after, 'can go on once it is reached')] : openText(view);
    case 'skip':
      return [
        `Nothing runs${step?.member ? ` on ${step.member.name}` : ''}: ${act.step} counts as reached with the outputs below, because you vouch for it.`,
        ...undoneText(step),
        ...afterText(after, 'may start at once'),
      ];
    case 'fail':
      return [`${act.step} counts as failed for good.`, ...afterText(after, 'may be blocked by that')];
    case 'undo':
      return [
        'What stands on it is undone first; what does not stays as it is.',
        'Then the workflow has failed, and begins nothing again before somebody resumes it.',
      ];
    case 'approve':
      return [
        `${act.step} counts as reached; your name is kept with it.`,
        ...afterText(after, 'may start at once'),
      ];
    case 'reject':
      return [`${act.step} fails; your name is kept with it.`, ...afterText(after, 'may be blocked by that')];
    case 'signal':
      return ['Every step that waits for this signal is reached, with the data below as its outputs.'];
    case 'resume':
      return view.record.suspended
        ? ['What would have begun meanwhile begins.', ...openText(view)]
        : openText(view);
    case 'suspend':
      return suspendText(view);
    case 'check':
      return ['What was reached is looked at by its probes. Nothing is changed.'];
    case 'converge':
      return [`What is in doubt runs again: ${named(inDoubt(view)) || 'nothing is in doubt now'}.`];
    case 'cancel':
      return cancelText(view);
    case 'delete':
      return deleteText(act.abandon, view);
    default:
      return act satisfies never;
  }
}

function retryText({ id, member, record }: StepView): string {
  const where = member === undefined ? '' : ` on ${member.name}`;
  return `Attempt ${record.attempt + 1} of ${id} starts${where} as soon as what it requires is met and its machine is free.`;
}

const undoneText = (step: StepView | undefined): readonly string[] =>
  step?.record.touched ? ['What its attempts did stays as it is.'] : [];

function openText({ steps }: WorkflowView): readonly string[] {
  const open = steps.filter(
    ({ wanted, record }) =>
      wanted && ['failed', 'interrupted', 'paused'].includes(record.status) && !record.asks,
  );
  const blocked = steps.filter(({ wanted, record }) => wanted && record.status === 'blocked');
  return [
    open.length === 0
      ? 'Nothing has failed: what can go on does.'
      : `${plural(open.length, 'step')} that failed or ${open.length === 1 ? 'was' : 'were'} interrupted ${open.length === 1 ? 'is' : 'are'} tried again: ${named(open)}.`,
    ...(blocked.length > 0
      ? [`${plural(blocked.length, 'blocked step')} may run after that: ${named(blocked)}.`]
      : []),
  ];
}

function cancelText({ steps }: WorkflowView): readonly string[] {
  const running = steps.filter(({ record }) => record.status === 'running');
  return [
    running.length === 0
      ? 'Nothing runs now; nothing more is started.'
      : `${plural(running.length, 'attempt')} that ${running.length === 1 ? 'runs is' : 'run are'} called back: ${named(running)}.`,
    'The workflow fails. It can be resumed.',
  ];
}

/** Reached, and perhaps so no longer. */
export const inDoubt = ({ steps }: Pick<WorkflowView, 'steps'>): readonly StepView[] =>
  steps.filter(({ record }) => record.unverified !== undefined);

function suspendText({ steps }: WorkflowView): readonly string[] {
  const running = steps.filter(({ record }) => record.status === 'running');
  return [
    'Nothing begins any more until somebody resumes it.',
    ...(running.length > 0 ? [`What runs now ends by itself, and counts: ${named(running)}.`] : []),
    'Its time limits stand still meanwhile.',
  ];
}

function deleteText(abandon: boolean, { steps }: WorkflowView): readonly string[] {
  const touched = steps.filter(({ record }) => record.touched && record.status !== 'undone');
  const all = plural(touched.length, 'step');
  return abandon
    ? [
        `The engine forgets the workflow at once. Nothing is undone: what ${all} did stays.`,
        'This cannot be taken back.',
      ]
    : [
        `What ${all} did is undone, in reverse; then the workflow is forgotten.`,
        'This cannot be taken back.',
      ];
}

function afterText(after: readonly StepView[] | undefined, what: string): readonly string[] {
  if (after === undefined) return [];
  return after.length === 0
    ? ['No other step waits for it.']
    : [
        `${plural(after.length, 'step')} that stand${after.length === 1 ? 's' : ''} on it ${what}: ${named(after)}.`,
      ];
}

/** `a, b and 4 more`. */
export function named(steps: readonly StepView[], most = 5): string {
  return few(
    steps.map(({ id }) => id),
    most,
  );
}

const OPEN = new Set(['waiting', 'ready', 'blocked']);

/** Steps that have not begun, of states that stand on its state, near or far. */
function standingOn(
  { entity, state }: StepView,
  { steps }: WorkflowView,
  { edges }: Standing,
): readonly StepView[] {
  const out = new Map<string, string[]>();
  for (const { from, to } of edges) out.set(from, [...(out.get(from) ?? []), to]);
  const found = new Set<string>();
  const left = [`${entity}.${state}`];
  for (let next = left.pop(); next !== undefined; next = left.pop())
    for (const to of out.get(next) ?? [])
      if (!found.has(to)) {
        found.add(to);
        left.push(to);
      }
  return steps.filter(
    one => one.wanted && OPEN.has(one.record.status) && found.has(`${one.entity}.${one.state}`),
  );
}

const quoted = (text: string): string =>
  /^[A-Za-z0-9_./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** Words as a shell takes them. */
export const line = (...words: readonly string[]): string =>
  ['murano-workflow', ...words.map(quoted)].join(' ');

/** `murano-workflow skip prod 'db[1].checked' --outputs port=5432`. */
export function commandLine(workflow: string, act: Act): string {
  switch (act.kind) {
    case 'retry':
      return line('retry', workflow, ...(act.step === undefined ? [] : [act.step]));
    case 'skip':
      return line('skip', workflow, act.step, ...pairs('--outputs', act.outputs));
    case 'fail':
    case 'undo':
    case 'approve':
    case 'reject':
      return line(act.kind, workflow, act.step);
    case 'signal':
      return line('signal', workflow, act.name, ...pairs('--data', act.data));
    case 'resume':
    case 'cancel':
    case 'suspend':
    case 'check':
    case 'converge':
      return line(act.kind, workflow);
    case 'delete':
      return line('delete', workflow, ...(act.abandon ? ['--abandon'] : []));
    default:
      return act satisfies never;
  }
}

/** The command line that shows the same as a page. */
export const lookLine = (...words: readonly string[]): string => line(...words);

/** Values are read as YAML: a word that can be nothing but text stands as it is. */
const plain = (value: JsonValue): string =>
  typeof value === 'string' &&
  /^[A-Za-z0-9][\w./:-]*[A-Za-z]$/.test(value) &&
  !/^(true|false|null|yes|no|on|off)$/i.test(value)
    ? value
    : JSON.stringify(value);

function pairs(option: string, values: JsonObject): readonly string[] {
  const given = Object.entries(values).map(([name, value]) => `${name}=${plain(value)}`);
  return given.length === 0 ? [] : [option, ...given];
}

/** Of inputs, whose types the engine knows: text stands as it is. `hidden`: named as a file, so that nobody reads them over a shoulder. */
export function rawPairs(option: string, values: JsonObject, hidden: ReadonlySet<string>): readonly string[] {
  const text = (value: JsonValue): string => (typeof value === 'string' ? value : JSON.stringify(value));
  const given = Object.entries(values).map(([name, value]) =>
    hidden.has(name) ? `${name}=@FILE` : `${name}=${text(value)}`,
  );
  return given.length === 0 ? [] : [option, ...given];
}

/** What an update changes, as a person has put it together. */
export interface Draft {
  readonly inputs: JsonObject;
  /** Names of those whose values are told to nobody. */
  readonly hidden: ReadonlySet<string>;
  /** Inputs that get their defaults again. */
  readonly unset: readonly string[];
  /** File of another definition. */
  readonly definition: string | undefined;
  /** Who leaves; the command line says who stays, in a file. */
  readonly leaving: readonly { readonly entity: string; readonly agent: string; readonly name: string }[];
  /** Nothing of those that leave is undone. */
  readonly abandon: boolean;
}

/** `murano-workflow plan prod --inputs port=5433 --definition cluster.yaml`. */
export const updateLine = (
  command: 'plan' | 'update',
  workflow: string,
  { inputs, hidden, unset, definition, leaving, abandon }: Draft,
): string =>
  line(
    command,
    workflow,
    ...rawPairs('--inputs', inputs, hidden),
    ...(unset.length === 0 ? [] : ['--unset', ...unset]),
    ...(definition === undefined ? [] : ['--definition', definition]),
    ...(leaving.length === 0 ? [] : ['--members', 'WHO-STAYS.yaml', ...(abandon ? ['--abandon'] : [])]),
  );
