// Asking for an operation: a field for each of its inputs, what would follow at once, then the button.
// Belongs here: that dialog. Does not belong here: which operations there are (operations.ts), other requests (act-dialog.ts).
import type { InputView, OperationView } from '../../../runtime/operator-api.ts';
import type { Rehearsal } from '../../../runtime/rehearsal.ts';
import { foretold } from '../model/acts.ts';
import {
  choicesOf,
  choiceText,
  fieldOf,
  inputWords,
  type Operate,
  operateLine,
  readFields,
} from '../model/operations.ts';
import { refusalOf, wordsOf } from './act-dialog.ts';
import type { Around } from './around.ts';
import { type Child, h, type Node_ } from './dom.ts';
import { button, cli } from './pieces.ts';

/** Milliseconds after the last key until the engine is asked what would follow. */
const PAUSE = 250;

const AGAIN = 'What it runs is a new attempt, whatever was reached before.';

export function openOperation(around: Around, workflow: string, operation: OperationView): void {
  const typed = new Map<string, string>();
  // One for as long as the dialog is open: whoever presses twice asks once.
  const id = crypto.randomUUID();
  let rehearsed: Rehearsal | undefined;
  let refused = '';
  let isBusy = false;
  let asked = 0;
  const asking = (): Operate => {
    const { inputs } = readFields(operation, typed);
    return { kind: 'operate', operation: operation.name, id, inputs };
  };
  const rehearse = async (): Promise<void> => {
    const turn = ++asked;
    if (readFields(operation, typed).wrong !== undefined) return;
    const answer = await around.client.rehearse(workflow, asking()).catch((error: unknown) => wordsOf(error));
    // Something else was typed meanwhile.
    if (turn !== asked) return;
    if (typeof answer === 'string') refused = answer;
    else rehearsed = answer;
    around.changed();
  };
  let timer = 0;
  const change = (name: string, text: string): void => {
    typed.set(name, text);
    rehearsed = undefined;
    refused = '';
    asked++;
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void rehearse(), PAUSE);
    around.changed();
  };
  const send = async (): Promise<void> => {
    isBusy = true;
    around.changed();
    refused = await refusalOf(around.client.act(workflow, asking()));
    isBusy = false;
    if (refused !== '') return around.changed();
    around.ask(undefined);
    around.notice(`${operation.name} of ${workflow} has begun.`);
  };
  const nodes = (): readonly Child[] => {
    const { inputs, wrong } = readFields(operation, typed);
    const isRefused = rehearsed?.result.status === 'rejected';
    return [
      operation.description !== '' && h('p', {}, `${operation.description}.`.replace(/\.\.$/, '.')),
      ...operation.inputs.map(input => inputNode(input, typed.get(input.name) ?? '', change)),
      h(
        'ul',
        { class: 'consequences' },
        [
          ...foretold(rehearsed),
          ...(isRefused
            ? []
            : [
                `It ${joined(operation.steps)}.`,
                ...(operation.steps.some(says => says.startsWith('runs ')) ? [AGAIN] : []),
              ]),
        ].map(says => h('li', {}, says)),
      ),
      wrong !== undefined && h('p', { class: 'faint', role: 'status' }, wrong),
      refused !== '' && h('p', { class: 'wrong', role: 'alert' }, refused),
      h('p', {}, 'The same on the command line:'),
      cli(operateLine(workflow, operation, inputs, id)),
      h('div', { class: 'choices' }, [
        button(`Run ${operation.name}`, () => void send(), {
          class: 'main',
          disabled: isBusy || isRefused || wrong !== undefined,
        }),
        button('Leave it', () => around.ask(undefined)),
      ]),
    ];
  };
  around.ask({ title: `Run ${operation.name}: ${workflow}`, nodes });
  void rehearse();
}

/** `moves db.primary, then runs db.following, then waits for service.reachable`. */
const joined = (steps: readonly string[]): string => steps.join(', then ');

function inputNode(input: InputView, value: string, change: (name: string, text: string) => void): Node_ {
  const { name, required } = input;
  const typed = (event: Event): void => change(name, (event.target as HTMLInputElement).value);
  const props = { name, value, 'aria-required': String(required), on: { input: typed } };
  return h(
    'label',
    { class: 'values', key: `input ${name}` },
    h(
      'span',
      { class: 'input-name' },
      name,
      required || input.default !== undefined ? '' : ' (may be left out)',
    ),
    h('span', { class: 'faint' }, ` ${inputWords(input)}`),
    control(input, props),
  );
}

function control(input: InputView, props: { readonly [name: string]: unknown }): Node_ {
  switch (fieldOf(input)) {
    case 'choice':
      return h('select', props, [
        h('option', { value: '', key: 'none' }, input.required ? 'Choose …' : 'Left out'),
        ...choicesOf(input).map(one =>
          h('option', { value: choiceText(one), key: choiceText(one) }, choiceText(one)),
        ),
      ]);
    case 'json':
      return h('textarea', { ...props, rows: 3, spellcheck: 'false' });
    case 'secret':
      return h('input', { ...props, type: 'password', autocomplete: 'off' });
    case 'number':
      return h('input', { ...props, type: 'text', inputmode: 'decimal', autocomplete: 'off' });
    case 'text':
      return h('input', { ...props, type: 'text', spellcheck: 'false', autocomplete: 'off' });
  }
}
