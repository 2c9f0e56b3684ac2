// Another definition, or other inputs: what runs again, what stays, what is undone.
// Belongs here: single cases of such generations. Does not belong here: members that join and leave (members.test.ts),
// properties (properties.test.ts), stores and engines.
import { expect } from 'chai';
import type { JsonObject, JsonValue } from '../../engine/base/json.ts';
import type { Template } from '../../engine/definition/expressions/types.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import {
  definition,
  entity,
  expression,
  join,
  membership,
  output,
  script,
  state,
} from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const input = (name: string): Template =>
  expression(({ inputs }) => ({ [name]: inputs[name] ?? null }) as JsonValue, [{ kind: 'input', name }]);
const read = (name: string): Template =>
  expression(data => ({ value: data.members('g')[0]?.outputs(name)?.['port'] ?? null }) as JsonValue);
const undo = { action: script() };

let digests = 0;
function defined(
  states: readonly ReturnType<typeof state>[],
  more: Partial<WorkflowDefinition> = {},
): WorkflowDefinition {
  digests += 1;
  const service = entity('s', {
    type: 'service',
    states: [join('s', 'up', { needs: states.map(({ name }) => `g.${name}`) })],
  });
  return definition([entity('g', { states }), service], ['s.up'], { digest: `digest-${digests}`, ...more });
}

/** `a` reads the input `x`, `b` requires it, `c` requires `b` and reads an output of `a`. */
const chain = (): readonly ReturnType<typeof state>[] => [
  state('g', 'a', { undo, action: script(input('x')), out: [output('port', { type: 'integer' })] }),
  state('g', 'b', { undo, needs: ['a'] }),
  state('g', 'c', { undo, needs: ['b'], action: script(read('a')) }),
];

const port = (text: string) => ({ port: { text } });

function complete(one = defined(chain()), inputs: JsonObject = { x: 1 }, size = 1): Workflow {
  const w = new Workflow(one, membership({ g: size }), inputs).create();
  finish(w);
  expect(w.over).to.equal('complete');
  return w;
}

/** Answers all that is out with success, until nothing is; what ran, in order. */
function finish(w: Workflow, text = '1'): readonly string[] {
  const ran: string[] = [];
  for (let [out] = w.out(); out !== undefined; [out] = w.out()) {
    const { phase, command } = w.record(out) ?? {};
    ran.push(phase === 'undo' ? `undo ${out}` : `${out} ${command?.reason}`);
    w.succeed(out, port(text));
  }
  return ran;
}

describe('another definition, or other inputs', () => {
  it('R3, row 26: what reads an input that changed runs again, all else stays', () => {
    const w = complete();
    const before = w.record('g[0].b');
    const { effects } = w.update(w.graph.definition, { x: 2 });
    expect(effects.map(({ id }) => id.step)).to.eql(['g[0].a']);
    expect(finish(w)).to.eql(['g[0].a changed']);
    expect(w.over).to.equal('complete');
    expect(w.record('g[0].b')).to.eql(before);
    expect(w.state.workflow).to.include({ generation: 2, source: 2 });
  });

  it('R3: what reads an output that came out otherwise runs again after it', () => {
    const w = complete();
    w.update(w.graph.definition, { x: 2 });
    expect(finish(w, '2')).to.eql(['g[0].a changed', 'g[0].c changed']);
    expect(w.over).to.equal('complete');
  });

  it('R3: the same definition and inputs change nothing', () => {
    const w = complete();
    expect(w.update(w.graph.definition, { x: 1 })).to.eql({ changes: [], effects: [] });
  });

  it('R3, row 26: a definition of which only a text changed keeps everything, and writes no step', () => {
    const w = complete();
    const { changes, effects } = w.update(defined(chain(), { description: 'better said' }));
    expect(effects).to.eql([]);
    expect(changes.map(({ kind }) => kind)).to.eql(['generation', 'workflow']);
    expect(w.over).to.equal('complete');
  });

  it('row 23: a state that is gone is undone, with the definition that had it', () => {
    const w = complete();
    const [a, b] = chain() as [ReturnType<typeof state>, ReturnType<typeof state>];
    w.update(defined([a, b]));
    expect(finish(w)).to.eql(['undo g[0].c']);
    expect(w.over).to.equal('complete');
    w.update(defined([a, b], { description: 'later' }));
    expect(w.graph.stepById.has('g[0].c')).to.equal(false);
  });
});
