// A workflow's graph laid out, as it is answered.
// Belongs here: its shape. Does not belong here: the layout (engine/drawing), the graph without places (workflow.ts).
import { z } from 'zod';
import { text } from './common.ts';
import { named } from './names.ts';
import { graph } from './workflow.ts';

const pixels = z.number();
const point = z.strictObject({ x: pixels, y: pixels });
const box = z
  .strictObject({ x: pixels, y: pixels, width: pixels, height: pixels })
  .describe('Centre and size, in pixels.');

export const drawing = named(
  'Drawing',
  z.strictObject({
    width: pixels,
    height: pixels,
    nodes: z.array(
      z.strictObject({
        node: graph.shape.nodes.element,
        lines: z.array(text).describe('What stands in the box.'),
        box,
      }),
    ),
    edges: z.array(
      z.strictObject({ edge: graph.shape.edges.element, points: z.array(point), label: box.optional() }),
    ),
    entities: z.array(z.strictObject({ entity: graph.shape.entities.element, title: text, box })),
  }),
);
