// A state graph as an SVG picture that stands alone: no script, no font to load, light and dark by what the reader prefers.
// Belongs here: shapes, classes, texts for screen readers. Does not belong here: where things stand (layout.ts).
import { type Box, type Layout, layOut, type Point } from './layout.ts';
import type { Outline, OutlineNode } from './outline.ts';

/** The whole document, ending with a line end. */
export function svg(drawn: Outline): string {
  const laid = layOut(drawn);
  const { width, height } = laid;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="workflow-title workflow-about">`,
    `<title id="workflow-title">${escaped(drawn.description || 'State graph of a workflow')}</title>`,
    `<desc id="workflow-about">${escaped(aboutText(drawn))}</desc>`,
    `<style>${STYLE}</style>`,
    '<defs><marker id="workflow-arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>',
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...laid.entities.map(entity => entityShape(entity)),
    ...laid.edges.map(edge => edgeShape(edge)),
    ...laid.nodes.map(node => nodeShape(node)),
    '</svg>',
  ].join('\n')}\n`;
}

/** Explicit colours for both: not every program that shows SVG knows variables. */
const STYLE = `
text { font: 12px "Helvetica Neue", Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif; fill: #57606a; text-anchor: middle }
.name { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328 }
.paper { fill: #ffffff }
.entity { fill: #f6f8fa; stroke: #d0d7de }
.title { text-anchor: start; font-weight: bold }
.node { fill: #ffffff; stroke: #57606a; stroke-width: 1.2 }
.role { fill: #fff8c5; stroke: #9a6700 }
.any { fill: #ddf4ff; stroke: #0969da }
.goal { fill: #dafbe1; stroke: #1a7f37; stroke-width: 2 }
.edge { fill: none; stroke: #57606a; stroke-width: 1.2 }
.inferred { stroke-dasharray: 5 3 }
.byrole { stroke-dasharray: 1.5 3; stroke-linecap: round }
.head { fill: #57606a }
.label { fill: #f6f8fa }
@media (prefers-color-scheme: dark) {
text { fill: #9198a1 } .name { fill: #f0f6fc } .paper { fill: #0d1117 } .entity { fill: #151b23; stroke: #3d444d }
.node { fill: #0d1117; stroke: #9198a1 } .role { fill: #272115; stroke: #d29922 } .any { fill: #121d2f; stroke: #4493f8 }
.goal { fill: #12261e; stroke: #3fb950 } .edge { stroke: #9198a1 } .head { fill: #9198a1 } .label { fill: #151b23 }
}
`;

/** What the picture shows, for those who cannot see it. */
function aboutText({ nodes, entities }: Outline): string {
  const states = nodes.filter(({ kind }) => kind === 'action' || kind === 'join').length;
  const goals = nodes.filter(({ isGoal }) => isGoal).map(({ name }) => name);
  const things = entities.map(({ name, size }) => (size === '' ? name : `${name} (${size})`));
  return `${states} states of ${things.join(', ')}; arrows lead from what is required to what requires it. Goal: ${goals.join(', ')}.`;
}

function entityShape({ title, box }: Layout['entities'][number]): string {
  const { left, top, width, height } = corner(box);
  return `<g><rect class="entity" x="${left}" y="${top}" width="${width}" height="${height}" rx="8"/><text class="title" x="${n(left + 12)}" y="${n(top + 19)}">${escaped(title)}</text></g>`;
}

function nodeShape({ node, lines, box }: Layout['nodes'][number]): string {
  const [name = '', ...more] = lines;
  const first = box.y - (more.length * 17) / 2 + 4.5;
  const texts = [
    `<text class="name" x="${n(box.x)}" y="${n(first)}">${escaped(name)}</text>`,
    ...more.map(
      (line, at) => `<text x="${n(box.x)}" y="${n(first + 17 * (at + 1))}">${escaped(line)}</text>`,
    ),
  ];
  const about = [node.name, node.description].filter(text => text !== '').join(': ');
  return `<g><title>${escaped(about)}</title>${outlineOf(node, box)}${texts.join('')}</g>`;
}

/** A role is a hexagon, a choice and a join are round, an action is a box. */
function outlineOf({ kind, isGoal }: OutlineNode, box: Box): string {
  const { left, top, width, height } = corner(box);
  if (kind === 'role') {
    const [right, bottom, inset] = [left + width, top + height, 12];
    const points = [
      [left + inset, top],
      [right - inset, top],
      [right, box.y],
      [right - inset, bottom],
      [left + inset, bottom],
      [left, box.y],
    ];
    return `<polygon class="node role" points="${points.map(([x = 0, y = 0]) => `${n(x)},${n(y)}`).join(' ')}"/>`;
  }
  const look = isGoal ? 'node goal' : kind === 'any_of' ? 'node any' : 'node';
  const round = kind === 'action' ? 4 : height / 2;
  return `<rect class="${look}" x="${left}" y="${top}" width="${width}" height="${height}" rx="${n(round)}"/>`;
}

function edgeShape({ edge, points, label }: Layout['edges'][number]): string {
  const look = { written: 'edge', inferred: 'edge inferred', role: 'edge byrole' }[edge.why];
  const line = `<path class="${look}" d="${curve(points)}" marker-end="url(#workflow-arrow)"/>`;
  if (label === undefined) return line;
  const { left, top, width, height } = corner(label);
  return `${line}<rect class="label" x="${left}" y="${top}" width="${width}" height="${height}" rx="3"/><text x="${n(label.x)}" y="${n(label.y + 4)}">${escaped(edge.label)}</text>`;
}

/** Bends at the points between, without corners. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const last = rest.pop();
  if (first === undefined || last === undefined) return '';
  const bends = rest.map((point, at) => {
    const next = rest[at + 1];
    const end = next === undefined ? last : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    return `Q${place(point)} ${place(end)}`;
  });
  return `M${place(first)}${bends.length > 0 ? bends.join('') : `L${place(last)}`}`;
}

const place = ({ x, y }: Point): string => `${n(x)} ${n(y)}`;

function corner({ x, y, width, height }: Box) {
  return { left: n(x - width / 2), top: n(y - height / 2), width: n(width), height: n(height) };
}

/** Tenths of a pixel are enough. */
const n = (value: number): number => Math.round(value * 10) / 10;

/** Signs that XML knows, and none that it forbids. */
const escaped = (text: string): string =>
  text
    // Control characters have no place in XML, not even escaped.
    .replaceAll(/\p{Cc}+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
