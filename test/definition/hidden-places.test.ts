// Every place of a definition that takes an expression, given a hidden value: where it would show it is refused.
// Belongs here: the places. Does not belong here: what an expression may do with it (expressions/secrets.test.ts).
import { expect } from 'chai';
import type { JsonObject } from '../../engine/base/json.ts';
import { codes, parse } from './support/parsing.ts';

const HIDDEN = '<% inputs.hidden %>';
const TEMPLATE = `password=${HIDDEN}`;

/** Codes for a state `done` of a group, with more keys of the entity and of the definition. */
function found(state: JsonObject, entity: JsonObject = {}, top: JsonObject = {}): string[] {
  const hidden = { type: 'string', hidden: true };
  const group = { type: 'vm_group', ...entity, states: { a: { action: { online: {} } }, done: state } };
  const source = {
    workflow_version: '2026-11-01',
    inputs: { hidden, tags: { type: 'list', hidden: true }, number: { type: 'integer', hidden: true } },
    entities: { g: group },
    goal: ['g.a', 'g.done'],
    ...top,
  };
  return codes(parse(source, { f: TEMPLATE }));
}

const script = (more: JsonObject): JsonObject => ({ script: { sh: 'true', ...more } });
const file = (more: JsonObject): JsonObject => ({ action: { file: { path: '/etc/x', ...more } } });
const set = (x: string, output: JsonObject): JsonObject => ({
  action: { set: { outputs: { x } } },
  outputs: { x: output },
});
/** `key`, for the linter takes any object with `then` for a promise. */
const rescue = (action: JsonObject, key = 'then'): JsonObject => ({ action, [key]: 'retry' });
const SUM = 'a'.repeat(64);
const ACTION = { action: script({}) };

const TAKEN: { readonly [place: string]: () => string[] } = {
  'inputs of a script': () => found({ action: script({ inputs: { A: HIDDEN } }) }),
  'inputs of a probe': () => found({ ...ACTION, probe: script({ inputs: { A: HIDDEN } }) }),
  'inputs of an undo': () => found({ ...ACTION, undo: script({ inputs: { A: HIDDEN } }) }),
  'inputs of a rescue': () => found({ ...ACTION, on_failure: rescue(script({ inputs: { A: HIDDEN } })) }),
  'content of a file': () => found(file({ content: TEMPLATE })),
  'a file that is a template': () => found(file({ file: 'f', template: true })),
  'a hidden output': () => found(set(HIDDEN, { type: 'string', hidden: true })),
  'a hidden output of the workflow': () =>
    found(ACTION, {}, { outputs: { x: { value: HIDDEN, hidden: true } } }),
};

const REFUSED: { readonly [place: string]: () => string[] } = {
  run_as: () => found({ action: script({ run_as: HIDDEN }) }),
  'run_as of a probe': () => found({ ...ACTION, probe: script({ run_as: HIDDEN }) }),
  'run_as of an undo': () => found({ ...ACTION, undo: script({ run_as: HIDDEN }) }),
  'run_as of a rescue': () => found({ ...ACTION, on_failure: rescue(script({ run_as: HIDDEN })) }),
  working_directory: () => found({ action: script({ working_directory: HIDDEN }) }),
  'path of a file': () => found(file({ path: `/etc/${HIDDEN}`, content: 'x' })),
  'owner of a file': () => found(file({ content: 'x', owner: HIDDEN })),
  'url of a file': () => found(file({ url: `https://user:${HIDDEN}@host/x`, sha256: SUM })),
  'sha256 of a file': () => found(file({ url: 'https://host/x', sha256: HIDDEN })),
  'message of an approval': () => found({ action: { approval: { message: TEMPLATE } } }),
  condition: () => found({ ...ACTION, condition: '<% inputs.tags.size() > 1 %>' }),
  'when of a retry': () => found({ ...ACTION, retry: { attempts: 2, when: '<% inputs.number > 1 %>' } }),
  'the rule of a role': () =>
    found({ ...ACTION, only: 'b' }, { roles: { b: { where: "<% inputs.hidden == 'x' %>", among: 'a' } } }),
  'an output that is not hidden': () => found(set(HIDDEN, { type: 'string' })),
  'a list in an output that is not hidden': () => found(set('<% [inputs.hidden] %>', { type: 'list' })),
  'a key of a map': () => found(set('<% {inputs.hidden: 1} %>', { type: 'map', hidden: true })),
  'the order of a rolling': () =>
    found(ACTION, { rolling: { r: { states: 'done', serial: 1, order: '<% inputs.number %>' } } }),
  run_on: () => found({ ...ACTION, run_on: "<% inputs.hidden == 'x' ? g.members[0] : g.members[1] %>" }),
  'a choice': () => found(set("<% inputs.hidden == 'x' ? 1 : 2 %>", { type: 'integer', hidden: true })),
  'an output of the workflow': () => found(ACTION, {}, { outputs: { x: { value: TEMPLATE } } }),
  'a loop in an output of the workflow': () =>
    found(ACTION, {}, { outputs: { x: { value: '<% [1].map(i, inputs.hidden) %>' } } }),
};

describe('A hidden value', () => {
  for (const [place, codesOf] of Object.entries(TAKEN)) {
    it(`may stand in ${place}`, () => {
      expect(codesOf()).to.deep.equal([]);
    });
  }

  for (const [place, codesOf] of Object.entries(REFUSED)) {
    it(`may not stand in ${place}`, () => {
      expect(codesOf()).to.deep.equal(['secret_exposed']);
    });
  }
});
