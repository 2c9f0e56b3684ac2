// All workflows: what each waits for, found by words, states and failures; many acted on at once.
// Belongs here: that view. Does not belong here: one workflow (workflow.ts), acting (act-dialog.ts).
import { type Address, workflowAt } from '../model/address.ts';
import { reasonKey } from '../model/groups.ts';
import { agoText } from '../model/time.ts';
import { plural, WORKFLOW_LOOKS } from '../model/words.ts';
import type { Summary } from '../client.ts';
import { openMany } from './act-dialog.ts';
import type { Around, View } from './around.ts';
import { type Child, classes, h, type Node_ } from './dom.ts';
import { ago, button, cli, empty, field, loading, trouble, toWorkflow, workflowChip } from './pieces.ts';
import { Rows } from './rows.ts';

type ListAddress = Extract<Address, { readonly page: 'list' }>;

const COLUMNS = [
  { name: 'State', kind: 'c-state' },
  { name: 'Workflow', kind: 'c-name' },
  { name: 'What it waits for', kind: 'c-why grow' },
  { name: 'Changed', kind: 'c-time' },
  { name: 'Age', kind: 'c-time c-age' },
];

/** Beside the states: those that wait for a person. */
const PERSON = 'person';

export class List implements View {
  readonly title = 'Workflows';
  readonly #around: Around;
  readonly #rows: Rows<Summary>;
  readonly #known = new Map<string, Summary>();
  readonly #stop: () => void;
  #address: ListAddress;
  /** Where the arrow keys are. */
  #cursor: string | undefined;
  #state: 'loading' | 'there' | { readonly error: unknown } = 'loading';

  constructor(around: Around, address: ListAddress) {
    this.#around = around;
    this.#address = address;
    this.#rows = new Rows(40, () => around.changed());
    this.#stop = around.client.followList({
      all: workflows => this.#all(workflows),
      one: workflow => this.#one(workflow),
      gone: id => this.#gone(id),
      failed: error => this.#failed(error),
    });
  }

  stop(): void {
    this.#stop();
  }

  moved(address: Address): void {
    if (address.page === 'list') this.#address = address;
  }

  key(): boolean {
    return false;
  }

  nodes(): readonly Child[] {
    if (this.#state === 'loading') return [this.#head([]), loading('workflows')];
    if (typeof this.#state === 'object') return [this.#head([]), trouble(this.#state.error)];
    const all = [...this.#known.values()];
    const shown = all.filter(one => this.#isShown(one)).toSorted((a, b) => b.createdAt - a.createdAt);
    return [
      this.#head(all),
      this.#groups(shown),
      shown.length === 0 ? this.#none(all.length) : this.#table(shown),
    ];
  }

  #head(all: readonly Summary[]): Node_ {
    const { text, show } = this.#address;
    const statuses = Object.keys(WORKFLOW_LOOKS) as (keyof typeof WORKFLOW_LOOKS)[];
    const count = (status: string): number => all.filter(one => matches(one, status)).length;
    const pick = (status: string, word: string): Node_ => {
      const isOn = show === status;
      return button(
        [word, ' ', h('span', { class: 'count' }, count(status).toLocaleString('en'))],
        () => this.#go({ show: isOn ? '' : status }),
        { key: status, class: classes('pick', isOn && 'on'), 'aria-pressed': String(isOn) },
      );
    };
    return h(
      'div',
      { class: 'bar', key: 'bar' },
      h('h1', {}, 'Workflows'),
      field('Filter by name, stack or reason', text, typed => this.#go({ text: typed }, true)),
      h('div', { class: 'picks', role: 'group', 'aria-label': 'States' }, [
        pick(PERSON, 'Needs a person'),
        ...statuses
          .filter(status => show === status || count(status) > 0)
          .map(status => pick(status, WORKFLOW_LOOKS[status].word)),
      ]),
      h('span', { class: 'grow' }),
      cli('murano-workflow status'),
    );
  }

  /** The same failure in many: all of them at once. */
  #groups(shown: readonly Summary[]): Child {
    const groups = new Map<string, Summary[]>();
    for (const one of shown) {
      if (one.waiting !== 'operator' || one.reason === '') continue;
      const key = one.failure ?? reasonKey(one.reason);
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    const many = [...groups]
      .filter(([, own]) => own.length > 1)
      .toSorted(([, a], [, b]) => b.length - a.length);
    if (many.length === 0) return undefined;
    return h(
      'ul',
      { class: 'groups', key: 'groups', 'aria-label': 'The same failure in several workflows' },
      many.slice(0, 3).map(([key, own]) =>
        h(
          'li',
          { key },
          h('strong', {}, `${own.length} ×`),
          h('span', { class: 'says' }, own[0]?.reason ?? ''),
          button('Show these', () =>
            this.#go({ text: own[0]?.failure ?? own[0]?.reason.slice(0, 40) ?? '' }),
          ),
          button(`Retry all ${own.length} …`, () =>
            openMany(
              this.#around,
              own.map(({ id }) => id),
              { kind: 'retry' },
            ),
          ),
        ),
      ),
    );
  }

  #table(shown: readonly Summary[]): Node_ {
    return this.#rows.node({
      label: plural(shown.length, 'workflow'),
      kind: 'list',
      columns: COLUMNS,
      items: shown,
      key: ({ id }) => id,
      cells: one => this.#cells(one),
      choose: one => this.#around.go(workflowAt(one.id)),
      chosen: this.#cursor,
      move: one => {
        this.#cursor = one.id;
        this.#around.changed();
      },
    });
  }

  #cells(one: Summary): readonly Child[] {
    const { now } = this.#around;
    return [
      workflowChip(one.status),
      h(
        'span',
        {},
        toWorkflow(one.id, one.id),
        one.stackName !== one.id && h('span', { class: 'faint' }, ` ${one.stackName}`),
      ),
      h('span', { class: 'why', title: one.reason }, whyOf(one)),
      ago(now, one.updatedAt),
      h('span', { class: 'faint' }, agoText(now, one.createdAt).replace(' ago', '')),
    ];
  }

  #none(all: number): Node_ {
    return all === 0
      ? empty(
          'No workflow yet.',
          'Start one:',
          cli('murano-workflow run cluster.workflow.yaml --name prod --members db=3'),
        )
      : empty(
          'No workflow fits.',
          button('Show all', () => this.#go({ text: '', show: '' })),
        );
  }

  #isShown(one: Summary): boolean {
    const { text, show } = this.#address;
    const words = `${one.id} ${one.stackName} ${one.reason} ${one.failure ?? ''}`.toLowerCase();
    return (show === '' || matches(one, show)) && words.includes(text.toLowerCase());
  }

  #go(change: Partial<ListAddress>, replace = false): void {
    this.#around.go({ ...this.#address, ...change }, replace);
  }

  #all(workflows: readonly Summary[]): void {
    this.#known.clear();
    for (const one of workflows) this.#known.set(one.id, one);
    this.#state = 'there';
    this.#around.changed();
  }

  #one(workflow: Summary): void {
    this.#known.set(workflow.id, workflow);
    this.#around.changed();
  }

  #gone(id: string): void {
    this.#known.delete(id);
    this.#around.changed();
  }

  #failed(error: unknown): void {
    if (this.#state !== 'there') this.#state = { error };
    this.#around.changed();
  }
}

const PEOPLE: ReadonlySet<string> = new Set(['approval', 'signal', 'operator']);

const matches = ({ status, waiting }: Summary, show: string): boolean =>
  show === PERSON ? PEOPLE.has(waiting) : status === show;

const WAITS: { readonly [waiting: string]: string } = {
  work: 'machines are at work',
  approval: "waits for somebody's yes or no",
  signal: 'waits for a signal',
  operator: 'waits for an operator',
  nothing: '',
};

const whyOf = ({ reason, waiting }: Summary): string => (reason !== '' ? reason : (WAITS[waiting] ?? ''));
