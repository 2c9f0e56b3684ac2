// `undo --dry-run`: what would be taken back, in its order.
// Belongs here: that layout. Does not belong here: the order itself (machine/undo/asked.ts).
import type { WorkflowView } from '../../runtime/api.ts';
import { type Line, piece, plain } from './style.ts';
import { plural, sanitiseLine } from './text.ts';

/** `undoes`: those of one list at the same time. */
export function undoLines(
  { steps }: Pick<WorkflowView, 'steps'>,
  step: string,
  undoes: readonly (readonly string[])[],
): Line[] {
  const count = undoes.flat().length;
  if (count === 0)
    return [plain(`Nothing of ${step} has to be taken back; what stands on it counts as gone.`)];
  const machines = new Map(steps.map(({ id, member }) => [id, member?.name]));
  const where = (id: string): string => {
    const name = machines.get(id);
    return name === undefined ? '' : ` on ${sanitiseLine(name)}`;
  };
  return [
    [piece(`${plural(count, 'step')} would be undone, in this order:`, 'strong')],
    ...undoes.flatMap((together, place) =>
      together.map((id, first) => [
        piece(first === 0 ? `${String(place + 1).padStart(3)}. ` : '     ', 'faint'),
        piece(sanitiseLine(id)),
        piece(where(id), 'faint'),
      ]),
    ),
    plain(
      'Then the workflow has failed, and begins nothing again before it is resumed. What stands on none of them stays.',
    ),
  ];
}
