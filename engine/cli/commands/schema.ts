// `schema`: the JSON Schema of a definition, for editors.
// Belongs here: printing it. Does not belong here: its content (definition/schema.ts).
import type { ExitCode } from '../exits.ts';
import type { Context } from '../host.ts';

export function schema(context: Context): Promise<ExitCode> {
  context.terminal.out(`${JSON.stringify(context.language.schema(), null, 2)}\n`);
  return Promise.resolve(0);
}
