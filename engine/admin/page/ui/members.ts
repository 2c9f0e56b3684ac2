// Who takes part in a workflow: which agent is which member, whether it is there, its roles, how far it is.
// Belongs here: that view. Does not belong here: all agents (agents.ts), who would come and go (plan.ts).
import type { Presence } from '../../../machine/why/types.ts';
import type { MemberView } from '../../../runtime/operator-api.ts';
import { lookLine } from '../model/acts.ts';
import { absoluteText } from '../model/time.ts';
import { type Look, plural } from '../model/words.ts';
import type { Around } from './around.ts';
import { type Child, h, type Node_ } from './dom.ts';
import { ago, button, chip, cli, empty, field, loading, trouble } from './pieces.ts';
import { Reading } from './reading.ts';
import { Rows } from './rows.ts';
import type { Open, TabView } from './open.ts';

const COLUMNS = [
  { name: 'Agent', kind: 'c-state' },
  { name: 'Member', kind: 'c-member' },
  { name: 'Roles', kind: 'c-roles' },
  { name: 'What about it', kind: 'c-why grow' },
  { name: 'Steps', kind: 'c-number' },
  { name: 'Joined', kind: 'c-time' },
  { name: '', kind: 'c-act' },
];

const LOOKS: { readonly [kind in Presence['kind']]: Look } = {
  online: { mark: '●', word: 'online', tone: 'good' },
  offline: { mark: '○', word: 'offline', tone: 'bad' },
  never_seen: { mark: '·', word: 'never seen', tone: 'warn' },
  unknown: { mark: '?', word: 'unknown', tone: 'quiet' },
};

export class Members implements TabView {
  readonly #around: Around;
  readonly #id: string;
  readonly #rows: Rows<MemberView>;
  readonly #read: Reading<readonly MemberView[]>;

  constructor(around: Around, id: string) {
    this.#around = around;
    this.#id = id;
    this.#rows = new Rows(36, () => around.changed());
    this.#read = new Reading(
      () => around.client.members(id),
      () => around.changed(),
    );
  }

  refresh(): Promise<void> {
    return this.#read.renew();
  }

  nodes(open: Open): readonly Child[] {
    const { value: all, error } = this.#read;
    if (error !== undefined) return [trouble(error, () => void this.refresh())];
    if (all === undefined) return [loading('members')];
    if (all.length === 0) return [empty('This workflow has no machines.', 'All that it does, services do.')];
    const { text } = open.address;
    const shown = all.filter(one => wordsOf(one).includes(text.toLowerCase()));
    return [
      this.#bar(all, open),
      shown.length === 0
        ? empty(
            'No member fits.',
            button('Show all', () => open.go({ text: '' })),
          )
        : this.#rows.node({
            label: plural(shown.length, 'member'),
            kind: 'members',
            columns: COLUMNS,
            items: shown,
            key: ({ entity, agent }) => `${entity} ${agent}`,
            cells: one => this.#cells(one, open),
          }),
    ];
  }

  #bar(all: readonly MemberView[], open: Open): Node_ {
    const online = all.filter(({ presence }) => presence.kind === 'online').length;
    const leaving = all.filter(one => one.leaving).length;
    const told = [
      `${online} of ${plural(all.length, 'member')} online`,
      ...(leaving > 0 ? [`${leaving} leaving`] : []),
    ];
    return h(
      'div',
      { class: 'bar', key: 'bar' },
      field('Filter by name, role or words', open.address.text, typed => open.go({ text: typed }, true)),
      h('span', { class: 'faint' }, told.join(' · ')),
      h('span', { class: 'grow' }),
      cli(lookLine('status', this.#id)),
    );
  }

  #cells(one: MemberView, open: Open): readonly Child[] {
    const { entity, index, name, agent, roles, presence, since, generation, steps } = one;
    const { skipped = 0, not_needed: idle = 0 } = steps;
    const all = Object.values(steps).reduce((sum, count) => sum + count, 0) - skipped - idle;
    const about = aboutOf(one);
    return [
      chip(LOOKS[presence.kind]),
      h(
        'span',
        { title: agent },
        button(name, () => open.go({ tab: 'steps', text: name, show: '' }), {
          class: 'step-link',
          'aria-label': `Steps of ${name}`,
        }),
        h('span', { class: 'faint' }, ` ${entity}[${index}]`),
        h('span', { class: 'faint agent' }, agent === name ? '' : ` ${agent}`),
      ),
      h('span', { title: roles.join(', ') }, roles.map(role => role.slice(entity.length + 1)).join(', ')),
      h('span', { class: 'why', title: about }, about),
      `${steps.reached ?? 0}/${all}`,
      h('span', { title: `Generation ${generation}, ${absoluteText(since)}` }, ago(this.#around.now, since)),
      one.leaving
        ? ''
        : button('Leave …', () => open.letLeave({ entity, agent, name }), {
            'aria-label': `Let ${name} leave …`,
          }),
    ];
  }
}

/** What a person has to know of it first. */
function aboutOf({ leaving, presence }: MemberView): string {
  const away = presence.kind === 'offline' || presence.kind === 'never_seen' ? (presence.reason ?? '') : '';
  return [leaving ? 'Leaves: what was done on it is taken back.' : '', away]
    .filter(part => part !== '')
    .join(' ');
}

const wordsOf = (one: MemberView): string =>
  `${one.entity}[${one.index}] ${one.name} ${one.agent} ${one.roles.join(' ')} ${one.presence.kind} ${aboutOf(one)}`.toLowerCase();
