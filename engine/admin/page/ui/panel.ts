// The panel beside a tab: why a step stands where it stands and who can act; or what the whole workflow waits for.
// Belongs here: that panel. Does not belong here: the dialogs of what can be done (act-dialog.ts).
import type { StepError } from '../../../machine/errors.ts';
import type { Answer, Explanation, RootPath, WorkflowExplanation } from '../../../machine/why/types.ts';
import { ACTS, adviceOn } from '../../../machine/why/advice.ts';
import { ended } from '../../../machine/why/words.ts';
import { causeWords } from '../../../machine/why/cause-words.ts';
import type { StepView } from '../../../runtime/api.ts';
import { type Act, commandLine, lookLine, mayUndo, wordingOf } from '../model/acts.ts';
import { workflowAt, writeAddress } from '../model/address.ts';
import { absoluteText, durationText } from '../model/time.ts';
import { shownValues } from '../model/values.ts';
import { doubtText, plural, STEP_LOOKS } from '../model/words.ts';
import { type Child, h, type Node_ } from './dom.ts';
import { ago, button, cli, link, loading, section, stepChip } from './pieces.ts';
import type { Open } from './open.ts';

export function workflowPanel(open: Open): Node_ {
  const { explained, board, address } = open;
  const { outputs, record, goal } = board.view;
  const roles = Object.entries(record.roles);
  return panel('What it waits for', false, [
    explained === undefined || 'step' in explained ? loading('why') : rootsOf(explained, open),
    roles.length > 0 &&
      section(
        'Roles',
        h(
          'dl',
          { class: 'values' },
          roles.flatMap(([role, holder]) => [
            h('dt', {}, role),
            h('dd', {}, holder === null ? 'vacant' : namesOf(open, [holder].flat())),
          ]),
        ),
      ),
    valuesSection('Outputs', shownValues(outputs)),
    section('Goal', h('p', {}, goal.join(', '))),
    cli(lookLine('explain', address.id)),
  ]);
}

export function stepPanel(open: Open, id: string): Node_ {
  const { board, go, explained } = open;
  const close = (): void => go({ step: '' });
  const step = board.step(id);
  if (step === undefined) return panel(id, true, [h('p', {}, 'There is no such step (any more).')], close);
  const { record } = step;
  const own = explained !== undefined && 'step' in explained ? explained : undefined;
  return panel(
    id,
    true,
    [
      factsOf(open, step),
      section('Why', own === undefined ? loading('why') : whyOf(own, open)),
      actsOf(open, step, own),
      undoOf(open, step),
      errorOf(record.error),
      outputOf(open, step),
      valuesSection('Inputs', shownValues(inputsOf(step) ?? open.inputsOf(step.id))),
      valuesSection('Outputs', shownValues(record.outputs)),
      cli(lookLine('explain', open.address.id, id)),
    ],
    close,
  );
}

function panel(title: string, isStep: boolean, content: readonly Child[], close?: () => void): Node_ {
  return h(
    'aside',
    { class: isStep ? 'panel of-step' : 'panel', 'aria-label': title, key: 'panel' },
    h(
      'div',
      { class: 'panel-head' },
      h('h2', {}, title),
      close && button('✕', close, { class: 'plain', 'aria-label': 'Close the step' }),
    ),
    h(
      'div',
      { class: 'panel-body', tabindex: '0', role: 'region', 'aria-label': `${title}, details` },
      ...content,
    ),
  );
}

function factsOf({ around, board, address }: Open, step: StepView): Node_ {
  const { record, member, kind, description } = step;
  const agent = record.agent ?? member?.agent;
  const away = agent === undefined ? undefined : board.offline(agent);
  return h(
    'div',
    { class: 'step-facts', key: 'facts' },
    description !== '' && h('p', { class: 'faint' }, description),
    h('p', {}, [
      stepChip(record.status),
      ' ',
      ago(around.now, Math.max(record.since, board.view.record.createdAt)),
      record.attempt > 1 && ` · attempt ${record.attempt}`,
      ` · ${kind}`,
      record.phase !== undefined && record.phase !== 'action' && ` · ${record.phase}`,
      member !== undefined && ` · on ${member.name}`,
    ]),
    away !== undefined &&
      h('p', { class: 'wrong' }, `Its machine is offline${away === '' ? '' : `: ${away}`}.`),
    record.cause !== undefined &&
      record.error === undefined &&
      h('p', { class: 'faint' }, causeWords(record.cause)),
    doubtText(record) !== '' && h('p', { class: 'wrong' }, `It ${doubtText(record)}.`),
    record.answeredBy !== undefined &&
      h(
        'p',
        { class: 'faint' },
        `${record.status === 'undone' ? 'Asked for' : 'Answered'} by ${record.answeredBy}.`,
      ),
    record.child !== undefined &&
      h('p', {}, 'Its child: ', link(writeAddress(workflowAt(record.child)), record.child)),
    step.wanted ? undefined : h('p', { class: 'faint' }, `The goal of ${address.id} does not need it.`),
  );
}

function whyOf(explained: Explanation, open: Open): Node_ {
  const { causes, roots, moreRoots, step } = explained;
  const said = new Set<string>([step]);
  return h(
    'div',
    { class: 'why-text' },
    causes.map(({ says }) => h('p', {}, `It ${ended(says)}`)),
    roots
      .filter(({ path }) => path.length > 1 || path[0]?.step !== step)
      .map((root, place) => rootNode(root, open, String(place), said)),
    moreRoots > 0 && h('p', { class: 'faint' }, `… and ${plural(moreRoots, 'more root')}.`),
    roots.length > 0 && whoOf(roots[0] as RootPath),
  );
}

function rootsOf({ roots, moreRoots }: WorkflowExplanation, open: Open): Node_ {
  if (roots.length === 0) return h('p', { key: 'why' }, 'It waits for nothing.');
  const said = new Set<string>();
  return h(
    'div',
    { class: 'why-text', key: 'why' },
    roots.map((root, place) =>
      h(
        'div',
        { key: String(place), class: 'root' },
        rootNode(root, open, 'path', said),
        whoOf(root),
        answersOf(root.answers, open),
      ),
    ),
    moreRoots > 0 && h('p', { class: 'faint' }, `… and ${plural(moreRoots, 'more root')}.`),
  );
}

/** The chain down to what it all hangs on; what another chain has said already is not said again. */
function rootNode({ path, child, omitted }: RootPath, open: Open, key: string, said: Set<string>): Node_ {
  const fresh = path.filter(({ step }, hop) => !said.has(step) || hop === path.length - 1);
  for (const { step } of fresh) said.add(step);
  return h(
    'ol',
    { class: 'path', key },
    fresh.flatMap(({ step, machine, status, since, told }) => [
      omitted !== undefined &&
        step === path[omitted.after]?.step &&
        h('li', { key: 'omitted', class: 'faint' }, [
          `… ${plural(omitted.links, 'step')} between, from `,
          button(omitted.next, () => open.go({ step: omitted.next }), { class: 'step-link' }),
          ' on',
        ]),
      h(
        'li',
        { key: step },
        h(
          'span',
          {
            class: `mark tone-${STEP_LOOKS[status].tone}`,
            title: STEP_LOOKS[status].word,
            'aria-label': STEP_LOOKS[status].word,
            role: 'img',
          },
          STEP_LOOKS[status].mark,
        ),
        ' ',
        button(step, () => open.go({ step }), { class: 'step-link' }),
        machine !== undefined && !told.says.includes(machine) && ` on ${machine}`,
        ` ${told.says} `,
        h(
          'span',
          { class: 'faint since', title: absoluteText(since) },
          `· for ${durationText(open.around.now - since)}`,
        ),
      ),
    ]),
    child && h('li', { key: 'child' }, 'in its child ', link(writeAddress(workflowAt(child.id)), child.id)),
  );
}

const whoOf = (root: RootPath): Child => {
  const cause = root.path.at(-1)?.told.cause;
  return cause && h('p', { class: 'who', key: 'who' }, adviceOn(cause, root.who));
};

/** What a person can do about a root, each with its words and its command line. */
function answersOf(answers: readonly Answer[], open: Open): Child {
  if (answers.length === 0) return undefined;
  return h(
    'ul',
    { class: 'answers', key: 'answers' },
    answers.map((answer, place) => {
      const act = actOf(answer);
      const { button: word, grave } = wordingOf(act);
      return h(
        'li',
        { key: `${answer.act} ${'step' in answer ? answer.step : ''}` },
        button(`${word} …`, () => open.act(act), { class: place === 0 ? 'main' : grave ? 'grave' : '' }),
        h('span', { class: 'does' }, ACTS[answer.act]),
        cli(commandLine(open.address.id, act)),
      );
    }),
  );
}

function actOf(answer: Answer): Act {
  switch (answer.act) {
    case 'retry':
    case 'fail':
    case 'approve':
    case 'reject':
      return { kind: answer.act, step: answer.step };
    case 'skip':
      return { kind: 'skip', step: answer.step, outputs: {} };
    case 'signal':
      return { kind: 'signal', name: answer.name, data: {} };
    case 'resume':
      return { kind: 'resume' };
    case 'delete':
      return { kind: 'delete', abandon: false };
    case 'abandon':
      return { kind: 'delete', abandon: true };
    default:
      return answer satisfies never;
  }
}

/** Those that concern this step itself first. */
function actsOf(open: Open, step: StepView, explained: Explanation | undefined): Child {
  const answers = (explained?.roots ?? []).flatMap(root => root.answers);
  const unique = new Map(answers.map(answer => [JSON.stringify(answer), answer]));
  const own = [...unique.values()].toSorted((a, b) => Number(concerns(b, step)) - Number(concerns(a, step)));
  return own.length === 0 ? undefined : section('What you can do', answersOf(own, open));
}

/** Beside what moves it on: taking it back. */
function undoOf(open: Open, step: StepView): Child {
  if (!mayUndo(open.board.view.record, step)) return undefined;
  const act = { kind: 'undo', step: step.id } as const;
  return h(
    'ul',
    { class: 'answers', key: 'undo' },
    h(
      'li',
      {},
      button('Undo …', () => open.act(act), { class: 'grave' }),
      h('span', { class: 'does' }, 'takes it back, after what stands on it'),
      cli(commandLine(open.address.id, act)),
    ),
  );
}

const concerns = (answer: Answer, { id }: StepView): boolean => 'step' in answer && answer.step === id;

function errorOf(error: StepError | undefined): Child {
  if (error === undefined) return undefined;
  const { kind, message, exitCode, tail, cause, phase } = error;
  return section(
    'Last failure',
    h(
      'p',
      {},
      message,
      h(
        'span',
        { class: 'faint' },
        ` (${[kind, exitCode, phase === 'action' ? undefined : phase].filter(part => part !== undefined).join(', ')})`,
      ),
    ),
    cause && h('p', {}, `In ${cause.workflow}, ${cause.step}: ${cause.message}`),
    tail !== undefined &&
      tail !== '' &&
      h('pre', { tabindex: '0', 'aria-label': 'Last lines of its output' }, tail),
  );
}

/** What its script writes while the page watches. */
function outputOf({ board }: Open, step: StepView): Child {
  const { parts, cut } = board.said(step.id);
  if (parts.length === 0) return undefined;
  const stay = (element: HTMLElement): void => {
    if (element.dataset['away'] === undefined) element.scrollTop = element.scrollHeight;
  };
  const scrolled = (event: Event): void => {
    const { scrollTop, clientHeight, scrollHeight, dataset } = event.target as HTMLElement;
    if (scrollTop + clientHeight < scrollHeight - 4) dataset['away'] = '';
    else delete dataset['away'];
  };
  return section(
    'Live output',
    h(
      'pre',
      {
        class: 'live-output',
        tabindex: '0',
        'aria-label': 'Live output',
        ref: stay,
        on: { scroll: scrolled },
      },
      [cut && '…\n', ...parts.map(({ stream, text }) => h('span', { class: stream }, text))],
    ),
  );
}

function inputsOf({ record }: StepView) {
  const action = record.command?.action;
  return action !== undefined && 'inputs' in action ? action.inputs : undefined;
}

function valuesSection(title: string, values: ReturnType<typeof shownValues>): Child {
  if (values.length === 0) return undefined;
  return section(
    title,
    h(
      'dl',
      { class: 'values' },
      values.flatMap(({ name, text, hidden }) => [
        h('dt', { key: `t${name}` }, name),
        h('dd', { key: `d${name}`, class: hidden ? 'hidden' : '' }, text),
      ]),
    ),
  );
}

function namesOf({ board }: Open, agents: readonly string[]): string {
  const names = new Map(
    Object.values(board.view.members).flatMap(group => group.map(({ agent, name }) => [agent, name])),
  );
  return agents.map(agent => names.get(agent) ?? agent).join(', ');
}
