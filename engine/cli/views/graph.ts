// A state graph in the terminal: rails on the left, and beside each state what it does, on whom, and after what.
// Belongs here: columns and words. Does not belong here: rails and their crossings (drawing/rails.ts).
import type { Outline, OutlineEdge, OutlineNode } from '../../drawing/outline.ts';
import { tellingEdges } from '../../drawing/outline.ts';
import { ASCII_SIGNS, type RailRow, railRows, type RailSigns, UNICODE_SIGNS } from '../../drawing/rails.ts';
import type { Line, Style } from './style.ts';
import { piece } from './style.ts';
import { displayWidth, pad, sanitiseLine, widest, wrap } from './text.ts';

/** `width`: what a row comes after stands below it where it does not fit beside it. */
export function graphLines(drawn: Outline, style: Style, width: number): Line[] {
  const signs = style.unicode ? UNICODE_SIGNS : ASCII_SIGNS;
  const rows = railRows(drawn, signs);
  const layout = {
    rails: widest(rows.map(({ rails }) => rails)),
    name: widest(drawn.nodes.map(({ name }) => name)),
    about: widest(drawn.nodes.map(aboutText)),
    after: afterTexts(drawn),
    width,
  };
  return [
    ...headLines(drawn),
    [],
    ...rows.flatMap(row =>
      row.node === undefined ? [[piece(row.rails, 'faint')]] : nodeLines(row, row.node, layout),
    ),
    [],
    legend(drawn, signs),
  ];
}

function headLines({ description, entities }: Outline): Line[] {
  const things = entities.map(({ name, size }) => (size === '' ? name : `${name} (${size})`)).join(', ');
  return [
    ...(description === '' ? [] : [[piece(sanitiseLine(description), 'strong')]]),
    [piece(things, 'faint')],
  ];
}

interface Columns {
  readonly rails: number;
  readonly name: number;
  readonly about: number;
  readonly after: ReadonlyMap<string, string>;
  readonly width: number;
}

function nodeLines(
  { rails, below }: RailRow,
  node: OutlineNode,
  { rails: column, name, about, after, width }: Columns,
): Line[] {
  const said = after.get(node.id) ?? '';
  const beside = (text: string): string => `${text}${' '.repeat(column - displayWidth(text))} `;
  const own = [
    piece(beside(rails), node.isGoal ? 'good' : undefined),
    piece(`${pad(node.name, name)}  `, 'strong'),
  ];
  const whole = column + 1 + name + 2 + about + 2 + displayWidth(said);
  if (said === '' || whole <= width)
    return [
      [
        ...own,
        piece(said === '' ? aboutText(node) : `${pad(aboutText(node), about)}  `, 'faint'),
        piece(said),
      ],
    ];
  const words = wrap(said, width - column - 5).map(text => [
    piece(`${beside(below)}    `, 'faint'),
    piece(text),
  ]);
  return [[...own, piece(aboutText(node), 'faint')], ...words];
}

/** `script, each of 3 but primary, on a condition`. */
function aboutText({ does, who, isConditional }: OutlineNode): string {
  return [does, who, ...(isConditional ? ['on a condition'] : [])].filter(text => text !== '').join(', ');
}

/** What the rails do not say: barriers, quorums, other outcomes. */
function afterTexts(drawn: Outline): ReadonlyMap<string, string> {
  const names = new Map(drawn.nodes.map(({ id, name }) => [id, name]));
  const found = new Map<string, string[]>();
  for (const edge of tellingEdges(drawn)) {
    if (edge.label === '') continue;
    found.set(edge.to, [...(found.get(edge.to) ?? []), afterText(edge, names.get(edge.from) ?? edge.from)]);
  }
  return new Map([...found].map(([id, texts]) => [id, `after ${texts.join(', ')}`]));
}

const OUTCOMES: readonly string[] = ['failed', 'final'];

/** `all of db.prepared`, `db.copied failed`, `any of db.copied failed`. */
function afterText({ label }: OutlineEdge, name: string): string {
  if (OUTCOMES.includes(label)) return `${name} ${label}`;
  const [demand = '', outcome] = label.split(' ');
  return `${demand} of ${name}${outcome === undefined ? '' : ` ${outcome}`}`;
}

function legend({ nodes }: Outline, signs: RailSigns): Line {
  const kinds = new Set(nodes.map(({ kind, isGoal }) => (isGoal ? 'goal' : kind)));
  const words = (['action', 'join', 'role', 'any_of', 'goal'] as const)
    .filter(kind => kinds.has(kind))
    .map(kind => `${signs.node[kind]} ${MEANINGS[kind]}`);
  return [piece(words.join('   '), 'faint')];
}

const MEANINGS: { readonly [kind in keyof RailSigns['node']]: string } = {
  action: 'does something',
  join: 'only waits',
  role: 'a role is chosen',
  any_of: 'one is enough',
  goal: 'the goal',
};
