// Agents: who is there, who is not and why, and the way to them.
// Belongs here: that view. Does not belong here: what they run (workflow.ts).
import type { AgentsView, AgentView } from '../../../runtime/api.ts';
import type { Address } from '../model/address.ts';
import { plural, type Look } from '../model/words.ts';
import { openAgent, openRotation } from './agent-dialog.ts';
import type { Around, View } from './around.ts';
import { type Child, h, type Node_ } from './dom.ts';
import { DeadLetters } from './dead-letters.ts';
import { ago, button, cli, empty, field, loading, trouble } from './pieces.ts';
import { Rows } from './rows.ts';

const COLUMNS = [
  { name: 'State', kind: 'c-state' },
  { name: 'Agent', kind: 'c-name' },
  { name: 'Why', kind: 'c-why grow' },
  { name: 'Last heard', kind: 'c-time' },
  { name: 'Version', kind: 'c-number' },
  { name: 'Host', kind: 'c-machine' },
  { name: 'Waiting', kind: 'c-number' },
];

const LOOKS: { readonly [state in AgentView['state']]: Look } = {
  online: { mark: '●', word: 'online', tone: 'good' },
  offline: { mark: '○', word: 'offline', tone: 'bad' },
  never_seen: { mark: '·', word: 'never seen', tone: 'warn' },
  unknown: { mark: '?', word: 'unknown', tone: 'quiet' },
};

/** There is no stream of agents: milliseconds between two looks while the page is looked at. */
const EVERY = 5_000;

export class Agents implements View {
  readonly title = 'Agents';
  readonly #around: Around;
  readonly #rows: Rows<AgentView>;
  readonly #timer: number;
  readonly #letters: DeadLetters;
  #address: Extract<Address, { readonly page: 'agents' }>;
  #view: AgentsView | undefined;
  #error: unknown;

  constructor(around: Around, address: Extract<Address, { readonly page: 'agents' }>) {
    this.#around = around;
    this.#address = address;
    this.#rows = new Rows(36, () => around.changed());
    this.#letters = new DeadLetters(around);
    this.#timer = window.setInterval(
      () => document.visibilityState === 'visible' && void this.#read(),
      EVERY,
    );
    void this.#read();
  }

  stop(): void {
    window.clearInterval(this.#timer);
  }

  moved(address: Address): void {
    if (address.page === 'agents') this.#address = address;
  }

  key(): boolean {
    return false;
  }

  nodes(): readonly Child[] {
    if (this.#view === undefined)
      return [
        h('div', { class: 'bar' }, h('h1', {}, 'Agents')),
        this.#error === undefined ? loading('agents') : trouble(this.#error, () => void this.#read()),
      ];
    const { agents } = this.#view;
    const { text } = this.#address;
    const shown = agents.filter(one =>
      `${one.id} ${one.state} ${one.host ?? ''} ${one.reason ?? ''}`
        .toLowerCase()
        .includes(text.toLowerCase()),
    );
    return [
      this.#head(this.#view),
      shown.length === 0
        ? empty(agents.length === 0 ? 'This engine knows no agent.' : 'No agent fits.')
        : this.#rows.node({
            label: plural(shown.length, 'agent'),
            kind: 'agents',
            columns: COLUMNS,
            items: shown,
            key: ({ id }) => id,
            cells: agent => cellsOf(agent, this.#around.now, () => this.#open(agent.id)),
          }),
      ...this.#letters.nodes(),
    ];
  }

  #head({ agents, bus, deadLetters, trouble: why }: AgentsView): Node_ {
    const online = agents.filter(({ state }) => state === 'online').length;
    const way = {
      connected: 'Broker connected',
      blocked: 'Broker blocks what is sent',
      down: 'Broker away',
      none: 'No broker',
    }[bus.state];
    const told = [
      `${online} of ${plural(agents.length, 'agent')} online`,
      `${way}${bus.place === undefined ? '' : ` at ${bus.place}`}${bus.reason === undefined ? '' : `: ${bus.reason}`}`,
    ];
    return h(
      'div',
      { class: 'bar', key: 'bar' },
      h('h1', {}, 'Agents'),
      field('Filter by agent, host or words', this.#address.text, typed =>
        this.#around.go({ page: 'agents', text: typed }, true),
      ),
      h(
        'span',
        { class: bus.state === 'down' || bus.state === 'blocked' ? 'wrong' : 'faint' },
        told.join(' · '),
      ),
      deadLetters !== undefined &&
        deadLetters > 0 &&
        h('span', { class: 'wrong' }, `${plural(deadLetters, 'message')} refused and kept`),
      why !== undefined && h('span', { class: 'wrong' }, why),
      h('span', { class: 'grow' }),
      bus.state !== 'none' && button('Rotate keys …', () => openRotation(this.#around)),
      cli('murano-workflow agents'),
    );
  }

  #open(agent: string): void {
    openAgent(this.#around, agent, () => void this.#read());
  }

  async #read(): Promise<void> {
    try {
      this.#view = await this.#around.client.agents();
      await this.#letters.read(this.#view.deadLetters ?? 0);
      this.#error = undefined;
    } catch (error) {
      this.#error = error;
    }
    this.#around.changed();
  }
}

function cellsOf(agent: AgentView, now: number, open: () => void): readonly Child[] {
  const { mark, word, tone } = LOOKS[agent.state];
  return [
    h(
      'span',
      { class: `chip tone-${tone}` },
      h('span', { class: 'mark', 'aria-hidden': 'true' }, mark),
      word,
    ),
    button(agent.id, open, {
      class: 'step-link',
      title: agent.bootId === undefined ? undefined : `boot ${agent.bootId}`,
    }),
    h('span', { class: 'why', title: agent.reason }, agent.reason ?? ''),
    agent.lastSeen === undefined ? '' : ago(now, agent.lastSeen),
    agent.version ?? '',
    agent.host ?? '',
    agent.waiting === undefined ? '' : String(agent.waiting),
  ];
}
