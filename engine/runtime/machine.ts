// The pure core as the runtime calls it: one object, so that a test can put a faulty one in its place.
// Belongs here: the list of what the runtime uses of definition/, graph/ and machine/. Does not belong here: logic.
import { parseDefinition } from '../definition/parse.ts';
import { compileGraph } from '../graph/compile.ts';
import { reseat } from '../graph/seats.ts';
import { apply } from '../machine/apply.ts';
import { workflowDue } from '../machine/deadline.ts';
import { decide } from '../machine/decide.ts';
import { effectsOf } from '../machine/pending.ts';
import { initialState, restore } from '../machine/state.ts';

export const machine = {
  parseDefinition,
  compileGraph,
  reseat,
  initialState,
  restore,
  decide,
  apply,
  effectsOf,
  workflowDue,
} as const;
export type Machine = typeof machine;
