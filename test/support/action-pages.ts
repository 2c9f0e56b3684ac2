// The reference of the definition: its page, and one for each kind of action, cut into sections of keys.
// Belongs here: reading them. Does not belong here: what must stand there (test/definition, test/examples).
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inProject } from './project.ts';

const folder = inProject('docs', 'reference', 'actions');

export interface ActionPage {
  /** Its file's name without the ending. */
  readonly kind: string;
  readonly text: string;
  /** The definition in its section Example. */
  readonly example: string;
  /** Files that it names, by name. */
  readonly files: { readonly [name: string]: string };
  /** Outputs with which the example ends, as the page says. */
  readonly outputs: unknown;
}

export const definitionPage = readFileSync(inProject('docs', 'reference', 'definition.md'), 'utf8');

export const actionPages: readonly ActionPage[] = readdirSync(folder)
  .toSorted()
  .map(file => {
    const text = readFileSync(path.join(folder, file), 'utf8');
    const [, shown = ''] = text.split(/^## Example$/m);
    const [, example = ''] = /```yaml\n([^]*?)```/.exec(shown) ?? [];
    const [, outputs] = /```json\n([^]*?)```/.exec(shown) ?? [];
    return {
      kind: path.parse(file).name,
      text,
      example,
      files: Object.fromEntries(
        [...shown.matchAll(/```yaml file=(\S+)\n([^]*?)```/g)].map(([, name = '', given = '']) => [
          name,
          given,
        ]),
      ),
      outputs: outputs === undefined ? undefined : (JSON.parse(outputs) as unknown),
    };
  });

/** Place and the keys of its table, for every heading of the third level. */
export function keySections(page: string): readonly (readonly [place: string, keys: readonly string[]])[] {
  const parts = page.split(/^(?=##)/m).filter(part => part.startsWith('### '));
  return parts.map(part => {
    const [, place = ''] = /^### `([^`]+)`/.exec(part) ?? [];
    return [place, [...part.matchAll(/^\| `(\w+)` \|/gm)].map(([, key = '']) => key)] as const;
  });
}
