// Where the nodes and edges of a drawing stand, in pixels.
// Belongs here: sizes of boxes, the layered layout. Does not belong here: what is drawn (outline.ts), how (svg.ts).
import { Graph, layout as dagre } from '@dagrejs/dagre';
import {
  type Outline,
  type OutlineEdge,
  type OutlineEntity,
  type OutlineNode,
  tellingEdges,
} from './outline.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Centre and size. */
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly {
    readonly node: OutlineNode;
    readonly lines: readonly string[];
    readonly box: Box;
  }[];
  readonly edges: readonly {
    readonly edge: OutlineEdge;
    readonly points: readonly Point[];
    readonly label?: Box;
  }[];
  readonly entities: readonly { readonly entity: OutlineEntity; readonly title: string; readonly box: Box }[];
}

/** Widths of the fonts that svg.ts asks for: one width for every sign of a name, an average for other words. */
const NAME_SIGN = 7.9;
const WORD_SIGN = 6.6;
const LINE = 17;
const PADDING = 12;
const MARGIN = 16;
/** Room for an entity's title above its states. */
const TITLE = 22;

export function layOut(drawn: Outline): Layout {
  const graph = new Graph({ compound: true, multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 28, ranksep: 44, edgesep: 14, marginx: MARGIN, marginy: MARGIN });
  for (const { name } of drawn.entities) graph.setNode(clusterOf(name), {});
  for (const node of drawn.nodes) {
    const lines = linesOf(node);
    graph.setNode(node.id, { ...sizeOf(lines, node), lines });
    graph.setParent(node.id, clusterOf(node.entity));
  }
  const edges = tellingEdges(drawn);
  for (const [place, { from, to, label }] of edges.entries()) {
    const size = label === '' ? {} : { width: label.length * WORD_SIGN + 8, height: LINE, labelpos: 'c' };
    graph.setEdge(from, to, size, String(place));
  }
  dagre(graph);
  return read(graph, drawn, edges);
}

function read(graph: Graph, drawn: Outline, edges: readonly OutlineEdge[]): Layout {
  const boxOf = (id: string): Box => {
    const { x, y, width, height } = graph.node(id) as unknown as Box;
    return { x, y, width, height };
  };
  const entities = drawn.entities
    .filter(({ name }) => drawn.nodes.some(node => node.entity === name))
    .map(entity => {
      const title = entity.size === '' ? entity.name : `${entity.name}, ${entity.size}`;
      return { entity, title, box: titled(boxOf(clusterOf(entity.name)), title) };
    });
  const { width = 0, height = 0 } = graph.graph() as { readonly width?: number; readonly height?: number };
  return {
    width: Math.ceil(Math.max(width, ...entities.map(({ box }) => box.x + box.width / 2 + MARGIN))),
    height: Math.ceil(height + TITLE),
    nodes: drawn.nodes.map(node => ({ node, lines: linesOf(node), box: below(boxOf(node.id)) })),
    edges: edges.map((edge, place) => {
      const laid = graph.edge(edge.from, edge.to, String(place)) as unknown as Box & {
        points: readonly Point[];
      };
      const points = laid.points.map(({ x, y }) => ({ x, y: y + TITLE }));
      const label = { x: laid.x, y: laid.y + TITLE, width: laid.width, height: laid.height };
      return { edge, points, ...(edge.label !== '' && { label }) };
    }),
    entities,
  };
}

const clusterOf = (entity: string): string => `entity ${entity}`;

/** The first line is the name within its entity. */
function linesOf({ kind, name, entity, does, who, isConditional }: OutlineNode): readonly string[] {
  const own = name.startsWith(`${entity}.`) ? name.slice(entity.length + 1) : name;
  const about = [does, who].filter(text => text !== '').join(' · ');
  const shown = kind === 'role' ? `role: ${own}` : own;
  return [shown, ...(about === '' ? [] : [about]), ...(isConditional ? ['on a condition'] : [])];
}

function sizeOf(
  [name = '', ...more]: readonly string[],
  { kind }: OutlineNode,
): Pick<Box, 'width' | 'height'> {
  const text = Math.max(name.length * NAME_SIGN, ...more.map(line => line.length * WORD_SIGN));
  const extra = kind === 'role' ? 2 * PADDING : 0;
  return { width: text + 2 * PADDING + extra, height: LINE * (1 + more.length) + PADDING };
}

const below = (box: Box): Box => ({ ...box, y: box.y + TITLE });

/** An entity's frame, grown for its title. */
function titled(box: Box, title: string): Box {
  const width = Math.max(box.width, title.length * NAME_SIGN + 2 * PADDING);
  return { x: box.x, y: box.y + TITLE / 2, width, height: box.height + TITLE };
}
