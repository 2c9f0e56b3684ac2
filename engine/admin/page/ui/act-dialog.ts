// Asking for something: what will happen first, then the button, and the command line that does the same.
// Belongs here: those dialogs, and what became of it. Does not belong here: consequences in words (model/acts.ts).
import type { JsonObject } from '../../../base/json.ts';
import { isObject } from '../../../base/json.ts';
import type { WorkflowView } from '../../../runtime/api.ts';
import { type Act, commandLine, consequences, foretold, type Standing, wordingOf } from '../model/acts.ts';
import type { Rehearsal } from '../../../runtime/rehearsal.ts';
import type { Around } from './around.ts';
import { type Child, h } from './dom.ts';
import { button, cli } from './pieces.ts';

/** What the fields of a dialog hold. */
interface Filled {
  text: string;
  wrong: string;
  busy: boolean;
  /** What the engine says would follow at once. */
  rehearsed?: Rehearsal | undefined;
}

export function openAct(
  around: Around,
  view: WorkflowView,
  standing: Standing | undefined,
  first: Act,
): void {
  const filled: Filled = { text: startText(view, first), wrong: '', busy: false };
  let act = first;
  const { id } = view.record;
  around.ask({ title: `${wordingOf(act).button}: ${nameOf(act, id)}`, nodes });
  const step = 'step' in first && first.step !== undefined ? first.step : undefined;
  const record = view.steps.find(one => one.id === step)?.record;
  const seen = record && { step: { status: record.status, attempt: record.attempt } };
  const rehearse = async (): Promise<void> => {
    try {
      filled.rehearsed = await around.client.rehearse(id, act);
    } catch (error) {
      filled.wrong = wordsOf(error);
    }
    around.changed();
  };
  void rehearse();
  const send = async (): Promise<void> => {
    filled.busy = true;
    around.changed();
    filled.wrong = await refusalOf(around.client.act(id, act, seen));
    filled.busy = false;
    if (filled.wrong !== '') return around.changed();
    around.ask(undefined);
    around.notice(`${wordingOf(act).button}: done, ${nameOf(act, id)}.`);
  };
  function typed(text: string): void {
    filled.text = text;
    const read = readValues(text);
    filled.wrong = read === undefined ? 'Write a JSON object, such as {"port": 5432}.' : '';
    if (read !== undefined) {
      act = withValues(act, read);
      filled.rehearsed = undefined;
      void rehearse();
    }
    around.changed();
  }
  function nodes(): readonly Child[] {
    const { button: word, grave } = wordingOf(act);
    const isRefused = filled.rehearsed?.result.status === 'rejected';
    const told = [...foretold(filled.rehearsed), ...(isRefused ? [] : consequences(act, view, standing))];
    return [
      h(
        'ul',
        { class: 'consequences' },
        told.map(says => h('li', {}, says)),
      ),
      act.kind === 'delete' &&
        h(
          'label',
          { class: 'tick' },
          h('input', { type: 'checkbox', checked: act.abandon, on: { change: () => again() } }),
          ' Abandon: undo nothing',
        ),
      (act.kind === 'skip' || act.kind === 'signal') && valuesField(act.kind, filled.text, typed),
      filled.wrong !== '' && h('p', { class: 'wrong', role: 'alert' }, filled.wrong),
      h('p', {}, 'The same on the command line:'),
      cli(commandLine(id, act)),
      h('div', { class: 'choices' }, [
        button(word, () => void send(), {
          class: grave ? 'main grave' : 'main',
          disabled: filled.busy || isRefused || readValues(filled.text) === undefined,
        }),
        button('Leave it', () => around.ask(undefined)),
      ]),
    ];
  }
  function again(): void {
    act = act.kind === 'delete' ? { kind: 'delete', abandon: !act.abandon } : act;
    filled.rehearsed = undefined;
    void rehearse();
    around.changed();
  }
}

/** The same for many, one after the other; what became of each is told. */
export function openMany(around: Around, ids: readonly string[], act: Act, step?: readonly string[]): void {
  const results = new Map<string, string>();
  const name = (place: number): string => step?.[place] ?? ids[place] ?? '';
  const actOf = (place: number): Act => {
    const own = step?.[place];
    return act.kind === 'retry' && own !== undefined ? { kind: 'retry', step: own } : act;
  };
  const word = wordingOf(actOf(0)).button;
  let state: 'asked' | 'busy' | 'done' = 'asked';
  const send = async (): Promise<void> => {
    state = 'busy';
    for (const [place, id] of ids.entries()) {
      const wrong = await refusalOf(around.client.act(id, actOf(place)));
      results.set(name(place), wrong === '' ? 'done' : wrong);
      around.changed();
    }
    state = 'done';
    around.changed();
  };
  const nodes = (): readonly Child[] => [
    h('p', {}, `${word}, one after the other:`),
    h(
      'ul',
      { class: 'many', tabindex: '0', 'aria-label': 'Each of them' },
      ids.map((_, place) =>
        h(
          'li',
          { key: name(place) },
          h('code', {}, commandLine(ids[place] ?? '', actOf(place))),
          ' ',
          results.get(name(place)) ?? '',
        ),
      ),
    ),
    h('div', { class: 'choices' }, [
      state === 'done'
        ? button('Close', () => around.ask(undefined), { class: 'main' })
        : button(`${word} (${ids.length})`, () => void send(), {
            class: 'main',
            disabled: state === 'busy',
          }),
      state === 'asked' && button('Leave it', () => around.ask(undefined)),
    ]),
  ];
  around.ask({ title: `${word}: ${ids.length} ${step ? 'steps' : 'workflows'}`, nodes });
}

export function wordsOf(error: unknown): string {
  const { message, next } = error as { readonly message: string; readonly next?: string };
  return [message, next].filter(part => part !== undefined).join(' ');
}

/** What was refused and what to do; empty: it was done. */
export async function refusalOf(asked: Promise<void>): Promise<string> {
  try {
    await asked;
    return '';
  } catch (error) {
    return wordsOf(error);
  }
}

const nameOf = (act: Act, workflow: string): string =>
  'step' in act && act.step !== undefined ? act.step : workflow;

function valuesField(kind: 'skip' | 'signal', text: string, typed: (text: string) => void): Child {
  const label =
    kind === 'skip' ? 'Outputs of the step, as a JSON object' : 'What the signal carries, as a JSON object';
  return h(
    'label',
    { class: 'values' },
    label,
    h('textarea', {
      rows: 4,
      spellcheck: 'false',
      value: text,
      on: { input: (event: InputEvent) => typed((event.target as HTMLTextAreaElement).value) },
    }),
  );
}

/** Names of outputs that its command would bring. */
function startText(view: WorkflowView, act: Act): string {
  if (act.kind !== 'skip') return '{}';
  const names = view.steps.find(({ id }) => id === act.step)?.record.command?.outputs ?? [];
  return names.length === 0
    ? '{}'
    : JSON.stringify(Object.fromEntries(names.map(({ name }) => [name, ''])), undefined, 1);
}

function readValues(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() === '' ? '{}' : text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const withValues = (act: Act, values: JsonObject): Act =>
  act.kind === 'skip' ? { ...act, outputs: values } : act.kind === 'signal' ? { ...act, data: values } : act;
