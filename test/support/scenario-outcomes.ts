// How an attempt ends in a scenario: a verb and words behind it.
// Belongs here: words → outcome. Does not belong here: the other lines of a scenario (scenario.ts).
import type { Outcome, RawOutput } from '../../engine/machine/types.ts';

/** `name=text` each. */
export const pairs = (items: readonly string[]): readonly (readonly [string, string])[] =>
  items.map(item => [item.slice(0, item.indexOf('=')), item.slice(item.indexOf('=') + 1)]);

/** Throws an Error for a verb that there is not. */
export function outcome(verb: string, rest: readonly string[]): Outcome {
  switch (verb) {
    case 'succeeds': {
      const outputs = pairs(rest).map(([name, text]): [string, RawOutput] => [name, { text }]);
      return { kind: 'succeeded', outputs: Object.fromEntries(outputs) };
    }
    case 'makes': {
      const outputs = rest.map((name): [string, RawOutput] => [name, { secret: `made/${name}` }]);
      return { kind: 'succeeded', outputs: Object.fromEntries(outputs) };
    }
    case 'exits': {
      const exitCode = Number(rest[0]);
      const tail = rest.slice(1).join(' ');
      return {
        kind: 'failed',
        error: { kind: 'exit', message: `exit ${exitCode}`, exitCode, ...(tail && { tail }) },
      };
    }
    case 'breaks': {
      const [code, ...why] = rest;
      const message = why.join(' ');
      const cause = {
        kind: 'exit',
        message,
        exitCode: Number(code),
        workflow: 'child',
        step: 'node.up',
      } as const;
      return { kind: 'failed', error: { kind: 'child', message: `Its child failed: ${message}`, cause } };
    }
    case 'denies':
      return { kind: 'failed', error: { kind: 'child', message: rest.join(' '), exitCode: 1 } };
    case 'unsure':
      return { kind: 'failed', error: { kind: 'child', message: rest.join(' ') } };
    case 'answers': {
      const message = `it answered ${rest.join(' ')}`;
      return { kind: 'failed', error: { kind: 'http', message, status: Number(rest[0]) } };
    }
    case 'forbidden':
      return {
        kind: 'failed',
        error: { kind: 'unauthorised', message: "The owner's authorisation was lost: expired." },
      };
    case 'interrupted':
      return { kind: 'interrupted', evidence: 'the boot id changed' };
    case 'refuses':
      return { kind: 'refused', message: rest.join(' ') };
    case 'lost':
      return { kind: 'failed', error: { kind: 'unreachable', message: 'the VM is gone' } };
    default:
      throw new Error(`no such line: ${verb}`);
  }
}
