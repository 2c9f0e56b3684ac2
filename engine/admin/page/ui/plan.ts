// What an update would do to each step, before anybody asks for it; then asking for it.
// Belongs here: what is to change, and asking. Does not belong here: how a plan looks (planned.ts), making plans (engine/plan).
import type { JsonObject } from '../../../base/json.ts';
import { isObject } from '../../../base/json.ts';
import type { Plan as MadePlan, PlannedStep } from '../../../plan/types.ts';
import type { PlanAnswer } from '../../../runtime/api.ts';
import type { InputView } from '../../../runtime/operator-api.ts';
import { type Draft, updateLine } from '../model/acts.ts';
import type { Around } from './around.ts';
import { declaredInputs, untold } from './declared-inputs.ts';
import { type Child, h, type Node_ } from './dom.ts';
import { button, cli, empty, trouble } from './pieces.ts';
import { countedWords, plannedTable, problemLines, summaryLines } from './planned.ts';
import { Reading } from './reading.ts';
import { Rows } from './rows.ts';
import type { Open, TabView } from './open.ts';

export class Plan implements TabView {
  readonly #around: Around;
  readonly #id: string;
  readonly #rows: Rows<PlannedStep>;
  /** Kept on the page alone: inputs may hold what nobody else should see. */
  #inputs = '';
  readonly #declared: Reading<readonly InputView[]>;
  #unset = '';
  #leaving: Draft['leaving'] = [];
  #abandon = false;
  #definition: { readonly name: string; readonly text: string } | undefined;
  #answer: PlanAnswer | undefined;
  #error: unknown;
  #isBusy = false;

  constructor(around: Around, id: string) {
    this.#around = around;
    this.#id = id;
    this.#rows = new Rows(30, () => around.changed());
    this.#declared = new Reading(
      () => around.client.inputs(id),
      () => around.changed(),
    );
  }

  refresh(): Promise<void> {
    return this.#declared.renew();
  }

  nodes(open: Open): readonly Child[] {
    const plan = this.#answer?.plan;
    return [
      this.#form(),
      this.#declared.error !== undefined && trouble(this.#declared.error, () => void this.refresh()),
      this.#error !== undefined && trouble(this.#error),
      ...problemLines(this.#answer?.problems ?? []),
      plan !== undefined && this.#summary(plan),
      plan !== undefined && plan.steps.length > 0 && plannedTable(this.#rows, plan, open),
      plan === undefined &&
        this.#error === undefined &&
        this.#answer === undefined &&
        empty('Change something above, and see what would happen to each step before it does.'),
    ];
  }

  /** Somebody is to leave: what would follow is shown. */
  letLeave(member: Draft['leaving'][number]): void {
    this.#leaving = [...this.#leaving.filter(({ agent }) => agent !== member.agent), member];
    this.#answer = undefined;
    void this.#plan();
  }

  #form(): Node_ {
    const isRight = readInputs(this.#inputs) !== undefined;
    return h(
      'form',
      {
        class: 'plan-form',
        key: 'form',
        on: { submit: (event: Event) => (event.preventDefault(), void this.#plan()) },
      },
      h(
        'label',
        {},
        'Inputs that change, as a JSON object',
        h('textarea', {
          rows: 3,
          spellcheck: 'false',
          value: this.#inputs,
          placeholder: '{"port": 5433}',
          on: { input: (event: Event) => this.#typed((event.target as HTMLTextAreaElement).value) },
        }),
      ),
      h(
        'label',
        {},
        'Another definition',
        h('input', {
          type: 'file',
          accept: '.yaml,.yml,.json',
          on: { change: (event: Event) => void this.#chosen(event.target as HTMLInputElement) },
        }),
      ),
      h(
        'label',
        {},
        'Inputs that get their defaults again, by name',
        h('input', {
          type: 'text',
          spellcheck: 'false',
          autocomplete: 'off',
          value: this.#unset,
          on: { input: (event: Event) => this.#unsets((event.target as HTMLInputElement).value) },
        }),
      ),
      declaredInputs(this.#declared.value ?? []),
      this.#leaving.length > 0 && this.#leavingNode(),
      !isRight && h('p', { class: 'wrong', role: 'alert' }, 'Write a JSON object, such as {"port": 5433}.'),
      h('div', { class: 'choices' }, [
        h('button', { type: 'submit', class: 'main', disabled: !isRight || this.#isBusy }, 'Show the plan'),
        cli(updateLine('plan', this.#id, this.#draft)),
      ]),
    );
  }

  #leavingNode(): Node_ {
    const stays = (agent: string): void => {
      this.#leaving = this.#leaving.filter(one => one.agent !== agent);
      this.#changed();
    };
    const turn = (): void => {
      this.#abandon = !this.#abandon;
      this.#changed();
    };
    return h(
      'fieldset',
      { class: 'leaving', key: 'leaving' },
      h('legend', {}, 'Members that leave'),
      this.#leaving.map(({ agent, name }) =>
        h(
          'p',
          { key: agent },
          `${name} leaves. `,
          button(`${name} stays`, () => stays(agent)),
        ),
      ),
      h(
        'label',
        { class: 'tick' },
        h('input', { type: 'checkbox', checked: this.#abandon, on: { change: turn } }),
        ' Abandon: undo nothing of them',
      ),
      h('p', { class: 'faint' }, 'Where a stack says who takes part, its next update says so again.'),
    );
  }

  #summary(plan: MadePlan): Node_ {
    const { refused } = plan;
    if (refused !== undefined)
      return h('p', { key: 'refused', class: 'reason' }, `${refused.message} ${refused.next}`);
    return h(
      'div',
      { class: 'plan-summary', key: 'summary' },
      ...summaryLines(plan),
      h('div', { class: 'choices' }, [
        button('Update …', () => this.#askUpdate(countedWords(plan)), {
          class: 'main',
          disabled: this.#isBusy,
        }),
        cli(updateLine('update', this.#id, this.#draft)),
      ]),
    );
  }

  #askUpdate(counted: string): void {
    const close = (): void => this.#around.ask(undefined);
    this.#around.ask({
      title: `Update: ${this.#id}`,
      nodes: () => [
        h('p', {}, `As the plan says: ${counted || 'nothing is run or undone'}.`),
        cli(updateLine('update', this.#id, this.#draft)),
        h('div', { class: 'choices' }, [
          button('Update', () => void this.#update().then(close), { class: 'main' }),
          button('Leave it', close),
        ]),
      ],
    });
  }

  #typed(text: string): void {
    this.#inputs = text;
    this.#changed();
  }

  #unsets(text: string): void {
    this.#unset = text;
    this.#changed();
  }

  /** What was planned is not what is asked for any more. */
  #changed(): void {
    this.#answer = undefined;
    this.#around.changed();
  }

  async #chosen(input: HTMLInputElement): Promise<void> {
    const file = input.files?.[0];
    this.#definition = file && { name: file.name, text: await file.text() };
    this.#answer = undefined;
    this.#around.changed();
  }

  get #draft(): Draft {
    const inputs = readInputs(this.#inputs) ?? {};
    return {
      inputs,
      hidden: untold(inputs, this.#declared.value ?? []),
      unset: this.#unset.split(/[\s,]+/).filter(name => name !== ''),
      definition: this.#definition?.name,
      leaving: this.#leaving,
      abandon: this.#abandon,
    };
  }

  get #change(): JsonObject {
    const document = this.#definition && {
      source: this.#definition.text,
      fileName: this.#definition.name,
      files: {},
    };
    const { inputs, unset, leaving, abandon } = this.#draft;
    const leave: { [entity: string]: string[] } = {};
    for (const { entity, agent } of leaving) (leave[entity] ??= []).push(agent);
    return {
      inputs,
      ...(unset.length > 0 && { unset }),
      ...(document && { document }),
      ...(leaving.length > 0 && { leave, abandon }),
    };
  }

  async #plan(): Promise<void> {
    await this.#busy(async () => {
      this.#answer = await this.#around.client.plan(this.#id, this.#change);
    });
  }

  async #update(): Promise<void> {
    await this.#busy(async () => {
      await this.#around.client.update(this.#id, this.#change);
      this.#answer = undefined;
      this.#leaving = [];
      this.#around.notice(`Update of ${this.#id} has begun.`);
      await this.refresh();
    });
  }

  async #busy(work: () => Promise<void>): Promise<void> {
    this.#isBusy = true;
    this.#error = undefined;
    try {
      await work();
    } catch (error) {
      this.#error = error;
    }
    this.#isBusy = false;
    this.#around.changed();
  }
}

function readInputs(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() === '' ? '{}' : text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
