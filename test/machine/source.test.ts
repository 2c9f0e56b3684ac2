// Another definition, or other inputs: what runs again, what stays, what is undone.
// Belongs here: single cases of such generations. Does not belong here: members that join and leave (members.test.ts),
// properties (properties.test.ts), stores and engines.
import { expect } from 'chai';
import type { JsonObject, JsonValue } from '../../engine/base/json.ts';
import type { Template } from '../../engine/definition/expressions/types.ts';
import type { Role, WorkflowDefinition } from '../../engine/definition/types.ts';
import { stateKey } from '../../engine/graph/references.ts';
import {
  definition,
  entity,
  expression,
  join,
  literal,
  membership,
  output,
  requirement,
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

  it('R3: on_change: keep leaves it as it is, unless an output that is declared now is missing', () => {
    const kept = (out: ReturnType<typeof output>[] = []): ReturnType<typeof state>[] => [
      state('g', 'a', { onChange: 'keep', action: script(input('x')), out }),
    ];
    const w = complete(defined(kept()));
    w.update(w.graph.definition, { x: 2 });
    expect([w.over, w.out()]).to.eql(['complete', []]);
    w.update(defined(kept([output('port', { type: 'integer' })])));
    expect(finish(w)).to.eql(['g[0].a changed']);
  });

  it('row 23: what a condition no longer lets be is undone, and does not run again', () => {
    const conditional = (holds: boolean): ReturnType<typeof defined> =>
      defined([state('g', 'a', { undo, condition: literal(holds) })]);
    const w = complete(conditional(true));
    w.update(conditional(false));
    expect(finish(w)).to.eql(['undo g[0].a']);
    expect([w.status('g[0].a'), w.over]).to.eql(['skipped', 'complete']);
    w.update(conditional(true));
    expect(finish(w)).to.have.length(1);
    expect(w.status('g[0].a')).to.equal('reached');
  });

  it('row 27: rerun_after follows the re-run of another, of the same member or of any, once', () => {
    const follows = (kind: 'same' | 'all') => {
      const one = requirement(kind === 'same' ? 'a' : 'g.a', 'g');
      return [
        state('g', 'a', { action: script(input('x')) }),
        state('g', 'b', { needs: [kind === 'same' ? 'a' : 'g.a'], rerunAfter: [one] }),
        state('g', 'c', { needs: ['b'] }),
      ];
    };
    for (const kind of ['same', 'all'] as const) {
      const w = complete(defined(follows(kind)), { x: 1 }, 2);
      w.update(w.graph.definition, { x: 2 });
      const ran = finish(w);
      expect(ran.toSorted(), kind).to.eql(
        ['g[0].a', 'g[0].b', 'g[1].a', 'g[1].b'].map(step => `${step} changed`),
      );
      expect(w.over).to.equal('complete');
      w.update(defined(follows(kind)), { x: 2 });
      expect([w.over, w.out()]).to.eql(['complete', []]);
      w.send({
        kind: 'update',
        change: { join: { g: [{ agent: 'g-9', name: 'g-9', data: {} }] } },
        by: 'ann',
      });
      expect(finish(w), 'who joins runs its own alone').to.eql([
        'g[2].a first',
        'g[2].b first',
        'g[2].c first',
      ]);
    }
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

  describe('roles', () => {
    const among = 'a';
    const states = () => [
      state('g', 'a'),
      state('g', 'lead', { needs: ['a'], only: ['boss'], undo }),
      state('g', 'follow', { needs: ['g.lead'], except: ['boss'] }),
    ];
    const wanted: Template = expression(
      ({ inputs, member }) => member?.name === `g-${Number(inputs['leader'])}`,
      [{ kind: 'input', name: 'leader' }],
    );
    const withRole = (role: Omit<Role, 'name' | 'among'>): WorkflowDefinition => {
      const group = entity('g', { states: states(), roles: [{ name: 'boss', among, ...role }] });
      digests += 1;
      return definition([group], ['g.lead', 'g.follow'], { digest: `digest-${digests}` });
    };
    const boss = (w: Workflow) => w.state.workflow.roles[stateKey('g', 'boss')];

    it('row 25: of another rule is chosen again, and states follow the new holder', () => {
      const w = complete(withRole({ choose: 'lowest_index' }), { leader: 1 }, 2);
      expect(boss(w)).to.equal('g-0');
      w.update(withRole({ choose: 'where', rule: wanted }));
      expect(finish(w)).to.include.members(['undo g[0].lead', 'g[1].lead first']);
      expect([boss(w), w.over]).to.eql(['g-1', 'complete']);
    });

    it('row 25: by `where` asks its holder again when inputs change, by other rules it stays', () => {
      const asked = complete(withRole({ choose: 'where', rule: wanted }), { leader: 0 }, 2);
      asked.update(asked.graph.definition, { leader: 1 });
      finish(asked);
      expect(boss(asked)).to.equal('g-1');
      const kept = complete(withRole({ choose: 'lowest_index' }), { leader: 0 }, 2);
      kept.update(kept.graph.definition, { leader: 1 });
      expect([finish(kept), boss(kept)]).to.eql([[], 'g-0']);
    });
  });

  it('row 37: a `set` is computed anew; an equal value is no change for those who read it', () => {
    const sizes = (): readonly ReturnType<typeof state>[] => [
      state('g', 'size', {
        action: {
          kind: 'set',
          outputs: expression(
            ({ inputs }) => ({ port: Math.trunc(Number(inputs['x']) / 10) }),
            [{ kind: 'input', name: 'x' }],
          ),
        },
        out: [output('port', { type: 'integer' })],
      }),
      state('g', 'c', {
        needs: ['size'],
        action: script(
          expression(data => ({ value: data.members('g')[0]?.outputs('size')?.['port'] ?? null })),
        ),
      }),
    ];
    const w = complete(defined(sizes()), { x: 11 });
    w.update(w.graph.definition, { x: 12 });
    expect(finish(w)).to.eql([]);
    w.update(w.graph.definition, { x: 20 });
    expect(finish(w)).to.eql(['g[0].c changed']);
    expect(w.record('g[0].size')?.outputs).to.eql({ port: 2 });
  });

  it('row 28: what another goal needs no more is kept, and undone with the workflow', () => {
    const w = complete();
    const { goal: _, ...rest } = w.graph.definition;
    w.update({ ...rest, goal: [{ entity: 'g', state: 'b' }], digest: 'lesser' });
    expect([finish(w), w.over]).to.eql([[], 'complete']);
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(finish(w)).to.eql(['undo g[0].c', 'undo g[0].b', 'undo g[0].a']);
  });
});
