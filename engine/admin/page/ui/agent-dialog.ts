// One agent: what is known of its enrolment, and what a person can decide; and new keys for the engine.
// Belongs here: those dialogs. Does not belong here: what may be decided (model/agents.ts), the list (agents.ts).
import type { JsonObject } from '../../../base/json.ts';
import { type Choice, choicesFor, rotationLine } from '../model/agents.ts';
import { absoluteText } from '../model/time.ts';
import { shownValues } from '../model/values.ts';
import { refusalOf, wordsOf } from './act-dialog.ts';
import type { Around } from './around.ts';
import { type Child, h } from './dom.ts';
import { button, cli, loading } from './pieces.ts';

/** `done`: something was decided. */
export function openAgent(around: Around, agent: string, done: () => void): void {
  let shown: JsonObject | undefined;
  let wrong = '';
  let isBusy = false;
  const read = async (): Promise<void> => {
    try {
      shown = await around.client.agent(agent);
    } catch (error) {
      wrong = wordsOf(error);
    }
    around.changed();
  };
  const decide = async ({ decision, button: word, key }: Choice): Promise<void> => {
    isBusy = true;
    around.changed();
    wrong = await refusalOf(around.client.decide(agent, decision, key));
    isBusy = false;
    if (wrong !== '') return around.changed();
    around.ask(undefined);
    around.notice(`${word}: done, agent ${agent}.`);
    done();
  };
  const nodes = (): readonly Child[] => [
    shown === undefined && wrong === '' && loading('what is known of it'),
    shown && factsOf(shown),
    wrong !== '' && h('p', { class: 'wrong', role: 'alert' }, wrong),
    h(
      'ul',
      { class: 'answers' },
      choicesFor(agent, shown ?? {}).map(choice =>
        h(
          'li',
          { key: choice.decision },
          button(choice.button, () => void decide(choice), {
            class: choice.grave ? 'grave' : 'main',
            disabled: isBusy,
          }),
          h('span', { class: 'does' }, choice.follows),
          cli(choice.line),
        ),
      ),
    ),
    h(
      'div',
      { class: 'choices' },
      button('Leave it', () => around.ask(undefined)),
    ),
  ];
  around.ask({ title: `Agent ${agent}`, nodes });
  void read();
}

/** Times as people read them; what is nested, by its names. */
function factsOf(shown: JsonObject): Child {
  const { pending, ...own } = shown;
  const flat = { ...own, ...prefixed(pending) };
  return h(
    'dl',
    { class: 'values facts-of-agent' },
    shownValues(flat).flatMap(({ name, text }) => [
      h('dt', { key: `t${name}` }, name.replaceAll('_', ' ')),
      h('dd', { key: `d${name}` }, /(^| )(enrolled_at|at)$/.test(name) ? absoluteText(Number(text)) : text),
    ]),
  );
}

const prefixed = (pending: JsonObject[string] | undefined): JsonObject =>
  Object.fromEntries(
    Object.entries((pending ?? {}) as JsonObject).map(([name, value]) => [`waits: ${name}`, value]),
  );

export function openRotation(around: Around): void {
  let drop = false;
  let wrong = '';
  let isBusy = false;
  const rotate = async (): Promise<void> => {
    isBusy = true;
    around.changed();
    wrong = await refusalOf(around.client.rotateKeys(drop));
    isBusy = false;
    if (wrong !== '') return around.changed();
    around.ask(undefined);
    around.notice('The engine signs with a new key.');
  };
  const turn = (): void => {
    drop = !drop;
    around.changed();
  };
  const nodes = (): readonly Child[] => [
    h('ul', { class: 'consequences' }, [
      h(
        'li',
        {},
        'The engine signs and opens with new keys from now on. Agents learn them as they are greeted.',
      ),
      h(
        'li',
        {},
        drop
          ? 'Earlier keys count no more: an agent that is away now believes the engine again once it has greeted it.'
          : 'Earlier keys count on, for agents that are away now.',
      ),
    ]),
    h(
      'label',
      { class: 'tick' },
      h('input', { type: 'checkbox', checked: drop, on: { change: turn } }),
      ' Drop: earlier keys count no more',
    ),
    wrong !== '' && h('p', { class: 'wrong', role: 'alert' }, wrong),
    h('p', {}, 'The same on the command line:'),
    cli(rotationLine(drop)),
    h('div', { class: 'choices' }, [
      button('Rotate keys', () => void rotate(), { class: drop ? 'main grave' : 'main', disabled: isBusy }),
      button('Leave it', () => around.ask(undefined)),
    ]),
  ];
  around.ask({ title: 'New keys for the engine', nodes });
}
