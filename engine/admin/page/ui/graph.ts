// The state graph: one box for each state, coloured by the steps that stand there.
// Belongs here: drawing what the engine laid out. Does not belong here: the layout (engine/drawing).
import type { StepView } from '../../../runtime/api.ts';
import type { StepStatus } from '../../../machine/types.ts';
import { lookLine } from '../model/acts.ts';
import { STEP_LOOKS, type Tone } from '../model/words.ts';
import { type Child, classes, h, type Node_ } from './dom.ts';
import { cli, empty } from './pieces.ts';
import type { Open, TabView } from './open.ts';

type Drawn = NonNullable<Open['drawing']>;

/** The most pressing first: a box has the tone of the first that any of its steps has. */
const FIRST: readonly StepStatus[] = [
  'failed',
  'interrupted',
  'paused',
  'blocked',
  'undoing',
  'running',
  'ready',
  'waiting',
  'undone',
  'reached',
  'skipped',
  'not_needed',
];

export class Graph implements TabView {
  nodes(open: Open): readonly Child[] {
    const { drawing, board, address } = open;
    if (drawing === undefined)
      return [
        empty(
          'There is no drawing.',
          'A workflow of very many states is not drawn; its steps and lanes are shown all the same.',
        ),
      ];
    const steps = new Map<string, StepView[]>();
    for (const step of board.view.steps) {
      const key = `${step.entity}.${step.state}`;
      const known = steps.get(key);
      if (known) known.push(step);
      else steps.set(key, [step]);
    }
    return [
      h(
        'div',
        { class: 'bar', key: 'bar' },
        h('span', { class: 'faint' }, 'A box is a state; its numbers count its steps.'),
        h('span', { class: 'grow' }),
        cli(lookLine('graph', address.id)),
      ),
      h('div', { class: 'graph', tabindex: '0', role: 'region', 'aria-label': 'State graph', key: 'graph' }, [
        svgOf(drawing, steps, open),
      ]),
    ];
  }
}

function svgOf(drawing: Drawn, steps: ReadonlyMap<string, readonly StepView[]>, open: Open): Node_ {
  const { width, height, nodes, edges, entities } = drawing;
  return h(
    'svg',
    {
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: 'group',
      'aria-label': 'States and what leads from one to another',
    },
    h(
      'defs',
      {},
      h(
        'marker',
        {
          id: 'arrow',
          viewBox: '0 0 8 8',
          refX: 7,
          refY: 4,
          markerWidth: 7,
          markerHeight: 7,
          orient: 'auto-start-reverse',
        },
        h('path', { d: 'M0,0.5 L8,4 L0,7.5 z', class: 'arrow' }),
      ),
    ),
    entities.map(({ title, box }) =>
      h(
        'g',
        { key: title },
        h('rect', { ...corner(box), rx: 6, class: 'entity' }),
        h(
          'text',
          { x: box.x - box.width / 2 + 10, y: box.y - box.height / 2 + 17, class: 'entity-name' },
          title,
        ),
      ),
    ),
    edges.map(({ edge, points, label }, place) =>
      h(
        'g',
        { key: `e${place}` },
        h('path', { d: pathOf(points), class: `edge ${edge.why}`, 'marker-end': 'url(#arrow)' }),
        label &&
          h('text', { x: label.x, y: label.y + 4, class: 'edge-label', 'text-anchor': 'middle' }, edge.label),
      ),
    ),
    nodes.map(drawn => boxOf(drawn, steps.get(drawn.node.id) ?? [], open)),
  );
}

type DrawnNode = Drawn['nodes'][number];

/** What a pointer is told describes what a click opens. */
function boxOf(drawn: DrawnNode, steps: readonly StepView[], open: Open): Node_ {
  const { node } = drawn;
  const counts = countsOf(steps);
  const about = [node.name, node.description, counts.words].filter(text => text !== '').join('\n');
  const id = `about-${node.id.replaceAll(' ', '-')}`;
  return h('g', { key: node.id }, h('title', { id }, about), buttonOf(drawn, steps, counts, open));
}

function buttonOf(
  { node, lines, box }: DrawnNode,
  steps: readonly StepView[],
  counts: Counts,
  open: Open,
): Node_ {
  const pressing = steps.toSorted(
    (a, b) => FIRST.indexOf(a.record.status) - FIRST.indexOf(b.record.status),
  )[0];
  const tone: Tone | 'plain' = pressing === undefined ? 'plain' : STEP_LOOKS[pressing.record.status].tone;
  const go = (): void => pressing && open.go({ step: pressing.id });
  const isChosen = steps.some(({ id }) => id === open.address.step);
  const active =
    pressing === undefined
      ? {}
      : { tabindex: '0', role: 'button', 'aria-describedby': `about-${node.id.replaceAll(' ', '-')}` };
  return h(
    'g',
    {
      class: classes('node', node.kind, `fill-${tone}`, isChosen && 'chosen', node.isGoal && 'goal'),
      ...active,
      on: { click: go, keydown: (event: KeyboardEvent) => void (event.key === 'Enter' && go()) },
    },
    h('rect', { ...corner(box), rx: node.kind === 'role' ? box.height / 2 : 4 }),
    lines.map((line, row) => {
      const place = { x: box.x, y: box.y - box.height / 2 + 19 + row * 17, 'text-anchor': 'middle' };
      return h('text', { key: String(row), ...place, class: row === 0 ? 'name' : 'about' }, line);
    }),
    counts.marks !== '' && h('text', { key: 'counts', ...above(box), class: 'counts' }, counts.marks),
  );
}

const above = ({ x, y, width, height }: DrawnNode['box']) => ({
  x: x + width / 2 - 3,
  y: y - height / 2 - 3,
  'text-anchor': 'end',
});

interface Counts {
  readonly marks: string;
  readonly words: string;
}

/** `✓ 2 ▸ 1`, and in words. */
function countsOf(steps: readonly StepView[]): Counts {
  const counts = new Map<StepStatus, number>();
  for (const { record } of steps) counts.set(record.status, (counts.get(record.status) ?? 0) + 1);
  const found = FIRST.filter(status => counts.has(status));
  return {
    marks: found
      .map(
        status =>
          `${STEP_LOOKS[status].mark}${counts.get(status) === 1 && steps.length === 1 ? '' : counts.get(status)}`,
      )
      .join(' '),
    words: found.map(status => `${counts.get(status)} ${STEP_LOOKS[status].word}`).join(', '),
  };
}

const corner = ({ x, y, width, height }: DrawnNode['box']) => ({
  x: x - width / 2,
  y: y - height / 2,
  width,
  height,
});

/** Through the points, with round bends. */
function pathOf(points: readonly { readonly x: number; readonly y: number }[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  const last = rest.at(-1) ?? first;
  const bends = rest.slice(0, -1).map((point, place) => {
    const next = rest[place + 1] ?? last;
    return `Q${point.x},${point.y} ${(point.x + next.x) / 2},${(point.y + next.y) / 2}`;
  });
  return [`M${first.x},${first.y}`, ...bends, `L${last.x},${last.y}`].join(' ');
}
