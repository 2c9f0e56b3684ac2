// The secrets of a `set`: drawn once for a step, sealed, and kept under a reference that the step alone decides.
// Belongs here: drawing, and finding what was drawn before. Does not belong here: sealing (runtime/secrets.ts), the record.
//
// GD1 A secret that is stored is never drawn again: not by a command that is sent again, a retry or another engine.
// GD2 It is stored in the commit that reaches the step: one that nobody can read yet may be drawn anew after a crash.
// GD3 When the store does not answer, nothing is drawn: the command comes again.
import { randomInt } from 'node:crypto';
import type { EffectId } from '../base/ids.ts';
import type { JsonValue } from '../base/json.ts';
import type { Command, RawOutput, ResolvedAction } from '../machine/types.ts';
import type { Driver, DriverContext, NewSecret } from '../runtime/ports.ts';
import type { Teller } from './tell.ts';

type Secret = Extract<ResolvedAction, { kind: 'generate' }>['secrets'][number];

export interface GenerateDriverDeps {
  readonly teller: Teller;
  readonly seal: (ref: string, value: JsonValue) => NewSecret;
  /** A whole number from 0 to below the bound, each as likely. Replaced only by models. */
  readonly draw?: (below: number) => number;
}

export class GenerateDriver implements Driver {
  readonly #deps: GenerateDriverDeps;

  constructor(deps: GenerateDriverDeps) {
    this.#deps = deps;
  }

  async start(id: EffectId, { action }: Command, context: DriverContext): Promise<void> {
    if (action.kind !== 'generate') throw new TypeError(`A ${action.kind} action is not for this driver.`);
    const outputs: { [name: string]: RawOutput } = {};
    const fresh: NewSecret[] = [];
    for (const secret of action.secrets) {
      const ref = refOf(id, secret, action.since);
      outputs[secret.name] = { secret: ref };
      if (!(await context.holds(ref)))
        fresh.push(this.#deps.seal(ref, draw(secret, this.#deps.draw ?? randomInt)));
    }
    this.#deps.teller.end(id, { kind: 'succeeded', outputs }, fresh);
  }

  async cancel(id: EffectId): Promise<void> {
    this.#deps.teller.end(id, { kind: 'refused', message: 'Nothing is being made under this id.' });
  }

  async close(): Promise<void> {
    this.#deps.teller.close();
  }
}

/**
 * Neither the present generation nor dispatch is in it: what was made once is the step's for good. But a member who joined
 * later has not what another had who sat at its index.
 */
const refOf = ({ workflow, step }: EffectId, { name }: Secret, since?: number): string =>
  `generated/${workflow}/${step}${since === undefined ? '' : `+${since}`}/${name}`;

/** At least `min` of each class, the rest of all of them; in an order that tells nothing. */
function draw({ length, classes }: Secret, below: (bound: number) => number): string {
  const pick = (characters: string): string => characters[below(characters.length)] as string;
  const all = [...new Set(classes.flatMap(({ characters }) => characters.split('')))].join('');
  const drawn = classes.flatMap(({ characters, min }) => Array.from({ length: min }, () => pick(characters)));
  while (drawn.length < length) drawn.push(pick(all));
  for (let last = drawn.length - 1; last > 0; last -= 1) {
    const other = below(last + 1);
    [drawn[last], drawn[other]] = [drawn[other] as string, drawn[last] as string];
  }
  return drawn.join('');
}
