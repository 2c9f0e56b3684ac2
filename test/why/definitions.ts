// Definitions of this suite as maps, in as few words as their meaning takes.
// Belongs here: what several rows need. Does not belong here: rows.
import type { JsonObject, JsonValue } from '../../engine/base/json.ts';

/** `state`: keys of a state as definitions have them. */
type States = { readonly [name: string]: JsonObject };

export const sh = (script: string, inputs: JsonObject = {}): JsonObject => ({
  script: { sh: script, inputs },
});
/** Runs until it is ended. */
export const HANGS = sh('sleep 3600');
export const FAILS = sh('echo "no licence here" >&2; exit 7');
/** As text: an object with such a key is no promise, but looks like one. */
export const PAUSE = JSON.parse('{"then": "pause"}') as JsonObject;
/** Of a group only the second member hangs, or fails. */
export const second = (script: string): JsonObject =>
  sh(`[ "$INDEX" = 0 ] || ${script}`, { INDEX: '<% string(member.index) %>' });

/** One group `g`. */
export const group = (
  states: States,
  goal: JsonValue,
  more: JsonObject = {},
  top: JsonObject = {},
): JsonObject => ({
  workflow_version: '2026-11-01',
  entities: { g: { type: 'vm_group', states, ...more } },
  goal,
  ...top,
});

/** One service `s`, which has no VM. */
export const service = (states: States, goal: JsonValue): JsonObject => ({
  workflow_version: '2026-11-01',
  entities: { s: { type: 'service', states } },
  goal,
});
