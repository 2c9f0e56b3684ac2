// Operations of a workflow: what runs now, which there are, what ran before.
// Belongs here: that view. Does not belong here: asking for one (operate-dialog.ts), the steps that it runs (panel.ts).
import type { PastOperation, RunningOperation } from '../../../machine/operation/types.ts';
import type { OperationView } from '../../../runtime/operator-api.ts';
import { lookLine } from '../model/acts.ts';
import { inputWords, operateSketch } from '../model/operations.ts';
import { absoluteText, spanText } from '../model/time.ts';
import { shownValues } from '../model/values.ts';
import { type Look, STEP_LOOKS } from '../model/words.ts';
import type { Around } from './around.ts';
import { type Child, h, type Node_ } from './dom.ts';
import { openOperation } from './operate-dialog.ts';
import { ago, button, chip, cli, empty, loading, trouble } from './pieces.ts';
import { Reading } from './reading.ts';
import type { Open, TabView } from './open.ts';

const ENDS: { readonly [status in PastOperation['status']]: Look } = {
  done: { mark: '✓', word: 'done', tone: 'good' },
  failed: { mark: '✕', word: 'failed', tone: 'bad' },
  stopped: { mark: '▪', word: 'stopped', tone: 'warn' },
};
/** Steps that are named of an operation. */
const NAMED = 24;

export class Operations implements TabView {
  readonly #around: Around;
  readonly #id: string;
  readonly #read: Reading<readonly OperationView[]>;

  constructor(around: Around, id: string) {
    this.#around = around;
    this.#id = id;
    this.#read = new Reading(
      () => around.client.operations(id),
      () => around.changed(),
    );
  }

  refresh(): Promise<void> {
    return this.#read.renew();
  }

  nodes(open: Open): readonly Child[] {
    const { value: known, error } = this.#read;
    if (error !== undefined) return [trouble(error, () => void this.refresh())];
    if (known === undefined) return [loading('operations')];
    const { operation, operations = [] } = open.board.view.record;
    if (known.length === 0 && operations.length === 0)
      return [
        empty(
          'This workflow has no operations.',
          'What is done to a deployment now and then, such as a failover or a backup, stands in its definition under "operations".',
        ),
      ];
    return [
      h('div', { class: 'sheet', tabindex: '0', role: 'region', 'aria-label': 'Operations', key: 'sheet' }, [
        operation && this.#running(operation, open),
        ...known.map(one => this.#card(one, operation)),
        operations.length > 0 && this.#past(operations, open),
        cli(lookLine('status', this.#id)),
      ]),
    ];
  }

  #running(operation: RunningOperation, open: Open): Node_ {
    const { name, id, by, startedAt, index, inputs, failure, stopped } = operation;
    const steps = this.#read.value?.find(one => one.name === name)?.steps ?? [];
    const values = shownValues(inputs);
    return h(
      'section',
      { class: 'card running', key: 'running' },
      h('h2', {}, chip(STEP_LOOKS.running), ` ${name}`),
      h('p', {}, [`Begun by ${by} `, ago(this.#around.now, startedAt), ` as ${id}.`]),
      steps.length > 0 && stepList(steps, index),
      values.length > 0 && h('p', {}, values.map(({ name: key, text }) => `${key} = ${text}`).join(', ')),
      failure !== undefined && h('p', { class: 'wrong' }, failure),
      stopped && h('p', { class: 'wrong' }, 'It has been stopped, and ends as soon as nothing of it runs.'),
      stepsOf(id, open),
    );
  }

  #card(operation: OperationView, running: RunningOperation | undefined): Node_ {
    const { name, description, inputs, steps, refused } = operation;
    return h(
      'section',
      { class: 'card', key: `card ${name}` },
      h('h2', {}, name),
      description !== '' && h('p', {}, description),
      running?.name !== name && stepList(steps),
      inputs.length > 0 &&
        h(
          'dl',
          { class: 'values' },
          inputs.flatMap(input => [
            h('dt', { key: `t${input.name}` }, input.name),
            h('dd', { key: `d${input.name}`, class: 'prose' }, inputWords(input)),
          ]),
        ),
      h('div', { class: 'choices' }, [
        button(`Run ${name} …`, () => openOperation(this.#around, this.#id, operation), {
          disabled: refused !== undefined,
        }),
        refused === undefined
          ? cli(operateSketch(this.#id, operation))
          : h('span', { class: 'faint' }, `Not now: ${refused.message} ${refused.next}`),
      ]),
    );
  }

  #past(operations: readonly PastOperation[], open: Open): Node_ {
    return h(
      'section',
      { class: 'card', key: 'past' },
      h('h2', {}, 'Before'),
      h(
        'ul',
        { class: 'past' },
        operations
          .toReversed()
          .map(({ name, id, by, status, reason, startedAt, endedAt }) =>
            h(
              'li',
              { key: id },
              h('p', {}, [
                chip(ENDS[status]),
                ' ',
                h('strong', {}, name),
                ' ',
                h(
                  'span',
                  { class: 'faint', title: `${absoluteText(startedAt)}, known as ${id}` },
                  `by ${by}, took ${spanText(endedAt - startedAt)}, `,
                ),
                ago(this.#around.now, endedAt),
              ]),
              reason !== '' && h('p', { class: 'wrong' }, reason),
              stepsOf(id, open),
            ),
          ),
      ),
    );
  }
}

/** `at`: which of them runs; those before it have ended. */
const stepList = (steps: readonly string[], at = -1): Node_ =>
  h(
    'ol',
    { class: 'course' },
    steps.map((says, place) =>
      h('li', { key: String(place), 'aria-current': place === at ? 'step' : undefined }, [
        says,
        place === at && h('strong', {}, ' (now)'),
        place < at && h('span', { class: 'faint' }, ' (ended)'),
      ]),
    ),
  );

/** Those that it was the last to have run. */
function stepsOf(id: string, open: Open): Child {
  const own = open.board.view.steps.filter(({ record }) => record.operation === id);
  if (own.length === 0) return undefined;
  return h('p', { class: 'ran' }, [
    ...own.slice(0, NAMED).flatMap(step => [
      h(
        'span',
        { key: step.id, class: 'ran-step' },
        h(
          'span',
          {
            class: `mark tone-${STEP_LOOKS[step.record.status].tone}`,
            role: 'img',
            'aria-label': STEP_LOOKS[step.record.status].word,
            title: STEP_LOOKS[step.record.status].word,
          },
          STEP_LOOKS[step.record.status].mark,
        ),
        ' ',
        button(step.id, () => open.go({ step: step.id }), { class: 'step-link' }),
      ),
      ' ',
    ]),
    own.length > NAMED && `and ${own.length - NAMED} more`,
  ]);
}
