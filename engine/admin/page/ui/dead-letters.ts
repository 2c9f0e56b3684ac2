// Dead letters below the agents: what nobody took, why, and discarding it.
// Belongs here: that section. Does not belong here: what is kept of them (engine/agents/letters/).
import type { DeadLetter, DeadLetterPage } from '../../../runtime/dead-letters.ts';
import { plural } from '../model/words.ts';
import type { Around } from './around.ts';
import { type Child, h } from './dom.ts';
import { ago, button, cli } from './pieces.ts';

const NONE: DeadLetterPage = { letters: [], kept: 0 };

export class DeadLetters {
  readonly #around: Around;
  #page = NONE;

  constructor(around: Around) {
    this.#around = around;
  }

  /** `kept`: how many there are, as the list of agents tells; of none nothing is asked. */
  async read(kept: number): Promise<void> {
    this.#page = kept === 0 ? NONE : await this.#around.client.deadLetters();
  }

  nodes(): readonly Child[] {
    const { letters, kept, dropped = 0 } = this.#page;
    const newest = letters[0]?.number;
    if (newest === undefined) return [];
    return [
      h(
        'section',
        { class: 'letters', key: 'letters', 'aria-label': 'Dead letters' },
        h('h2', {}, plural(kept, 'dead letter')),
        dropped > 0 && h('p', { class: 'faint' }, `${plural(dropped, 'older one')} made room for others.`),
        h(
          'ul',
          { tabindex: '0', 'aria-label': 'The newest of them' },
          letters.map(one => this.#item(one)),
        ),
        h('div', { class: 'choices' }, [
          button('Discard all of these and older ones', () => this.#ask(newest)),
        ]),
      ),
    ];
  }

  #item(letter: DeadLetter): Child {
    const { number, lastAt, times, queue, why, reason, agent, kind } = letter;
    const words = [
      `${why} from ${queue}`,
      agent && `agent ${agent}`,
      kind,
      reason,
      times > 1 && `${times} times`,
    ];
    return h(
      'li',
      { key: String(number) },
      h('code', {}, `#${number}`),
      ' ',
      ago(this.#around.now, lastAt),
      ' ',
      h('span', { class: 'why' }, words.filter(word => typeof word === 'string').join(' · ')),
      ' ',
      button('Discard', () => void this.#do(() => this.#around.client.discard(number, times)), {
        class: 'plain',
        'aria-label': `Discard dead letter ${number}`,
      }),
    );
  }

  #ask(newest: number): void {
    const nodes = (): readonly Child[] => [
      h(
        'p',
        {},
        'They are forgotten. No workflow changes: whatever one of them was about is sent again by its agent or the engine, or was not believed.',
      ),
      h('p', {}, 'The same on the command line:'),
      cli(`murano-workflow agents discard --up-to ${newest}`),
      h('div', { class: 'choices' }, [
        button('Discard them', () => void this.#do(() => this.#around.client.discardUpTo(newest)), {
          class: 'main grave',
        }),
        button('Leave it', () => this.#around.ask(undefined)),
      ]),
    ];
    this.#around.ask({ title: 'Discard dead letters', nodes });
  }

  async #do(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#around.ask(undefined);
      this.#around.notice('Discarded.');
    } catch (error) {
      this.#around.notice((error as Error).message, true);
    }
    this.#page = await this.#around.client.deadLetters().catch(() => this.#page);
    this.#around.changed();
  }
}
