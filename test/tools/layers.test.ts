// Imports run one way, and the pure folders stay pure.
// Belongs here: rules on who may import whom. Does not belong here: rules on the inside of a file (tidy.test.ts).
import { expect } from 'chai';
import { codeOf as code, type SourceFile, sourceFiles } from './sources.ts';

/** Layer → layers it may import besides itself. A layer that is missing here fails the first test. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'agent-protocol': [],
  'engine/base': [],
  'engine/definition': ['engine/base'],
  'engine/graph': ['engine/base', 'engine/definition'],
  'engine/drawing': ['engine/base', 'engine/definition', 'engine/graph'],
  'engine/machine': ['engine/base', 'engine/definition', 'engine/graph'],
  'engine/whatif': ['engine/base', 'engine/definition', 'engine/graph', 'engine/machine'],
  'engine/plan': ['engine/base', 'engine/definition', 'engine/graph', 'engine/machine'],
  'engine/hot': ['engine/base', 'engine/definition'],
  'engine/runtime': [
    'engine/base',
    'engine/definition',
    'engine/graph',
    'engine/drawing',
    'engine/machine',
    'engine/plan',
  ],
  'engine/store': ['engine/base', 'engine/machine', 'engine/runtime'],
  'engine/bus': ['engine/base', 'engine/runtime', 'agent-protocol'],
  'engine/broker': ['engine/base', 'engine/bus', 'engine/runtime', 'agent-protocol'],
  'engine/agents': [
    'engine/base',
    'engine/machine',
    'engine/runtime',
    'engine/bus',
    'engine/broker',
    'agent-protocol',
  ],
  'engine/openstack': ['engine/base'],
  'engine/drivers': [
    'engine/base',
    'engine/definition',
    'engine/machine',
    'engine/runtime',
    'engine/bus',
    'engine/agents',
    'engine/openstack',
    'agent-protocol',
  ],
  'engine/control': ['engine/base', 'engine/definition', 'engine/machine', 'engine/runtime'],
  'engine/heat': [
    'engine/base',
    'engine/definition',
    'engine/machine',
    'engine/plan',
    'engine/runtime',
    'engine/bus',
    'agent-protocol',
  ],
  'engine/remote': ['engine/base', 'engine/definition', 'engine/machine', 'engine/runtime'],
  'engine/admin': [
    'engine/base',
    'engine/definition',
    'engine/drawing',
    'engine/machine',
    'engine/plan',
    'engine/runtime',
    'engine/openstack',
  ],
  'engine/cli': [
    'engine/base',
    'engine/definition',
    'engine/graph',
    'engine/drawing',
    'engine/machine',
    'engine/whatif',
    'engine/plan',
    'engine/hot',
    'engine/runtime',
    'engine/control',
  ],
};
/** The composition root may name everything. */
const ROOTS = [
  'engine/main.ts',
  'engine/host.ts',
  'engine/remote-engine.ts',
  'engine/agent-accounts.ts',
  'engine/agent-letters.ts',
  'engine/embedded.ts',
  'engine/leaving.ts',
  'engine/embedded-agents.ts',
  'engine/serving.ts',
  'engine/admin-side.ts',
  'engine/shared-store.ts',
  'engine/agent-broker.ts',
];
const PURE = [
  'engine/base',
  'engine/definition',
  'engine/graph',
  'engine/drawing',
  'engine/machine',
  'engine/whatif',
  'engine/plan',
  'engine/hot',
];
const PURE_MODULES = [
  'js-yaml',
  'zod',
  '@marcbachmann/cel-js',
  '@dagrejs/dagre',
  'node:crypto',
  'node:buffer',
];
const IMPURE_WORDS =
  /\b(Date\.now|new Date\(\)|Math\.random|randomUUID|randomBytes|setTimeout|setInterval|setImmediate|process\.|performance\.|fetch\()/;
/** Kinds of actions are words of the language. */
const KINDS = /'openstack'|\bactions\/openstack\.ts/g;
const FOREIGN_WORDS = /\b(amqp|rabbitmq|sqlite|mariadb|postgres|oslo|openstack|nova|keystone)\b/i;

const layerOf = (file: string): string => {
  const parts = file.split('/');
  return parts[0] === 'engine' ? parts.slice(0, 2).join('/') : (parts[0] as string);
};

describe('layers', () => {
  const files = sourceFiles('engine', 'agent-protocol');
  const layered = files.filter(file => !ROOTS.includes(file.path));

  it('every source file belongs to a known layer', () => {
    const lost = layered.filter(file => !(layerOf(file.path) in MAY_IMPORT)).map(file => file.path);
    expect(lost, 'add its layer to MAY_IMPORT, or move it').to.deep.equal([]);
  });

  it('imports run one way', () => {
    const wrong = layered.flatMap(file => {
      const own = layerOf(file.path);
      const allowed = [own, ...(MAY_IMPORT[own] ?? [])];
      return file.imports
        .filter(({ target }) => target !== undefined && !allowed.includes(layerOf(target)))
        .map(({ target }) => `${file.path} imports ${target}`);
    });
    expect(wrong).to.deep.equal([]);
  });

  it('pure folders import nothing that does I/O', () => {
    const wrong = layered
      .filter(file => PURE.includes(layerOf(file.path)))
      .flatMap(file =>
        file.imports
          .filter(({ specifier, target }) => target === undefined && !PURE_MODULES.includes(specifier))
          .map(({ specifier }) => `${file.path} imports ${specifier}`),
      );
    expect(wrong).to.deep.equal([]);
  });

  it('pure folders read no clock and draw no random number', () => {
    const wrong = layered.filter(file => PURE.includes(layerOf(file.path)) && IMPURE_WORDS.test(code(file)));
    expect(wrong.map(file => file.path)).to.deep.equal([]);
  });

  it('graph and machine know no word of databases, brokers or clouds', () => {
    const wrong = layered.filter(
      file =>
        ['engine/graph', 'engine/machine'].includes(layerOf(file.path)) &&
        FOREIGN_WORDS.test(code(file).replaceAll(KINDS, '')),
    );
    expect(wrong.map(file => file.path)).to.deep.equal([]);
  });

  it('what a browser loads needs nothing of Node: the page shares pure modules alone, and imports types of the rest', () => {
    const page = layered.filter(file => file.path.startsWith('engine/admin/page/'));
    const reached = new Set(page.map(file => file.path));
    const wrong: string[] = [];
    for (const path of reached) {
      const file = files.find(one => one.path === path);
      for (const { specifier, target, typeOnly } of file?.imports ?? []) {
        if (typeOnly) continue;
        const isOwn = target?.startsWith('engine/admin/page/') === true;
        if (target !== undefined && (isOwn || PURE.includes(layerOf(target)))) reached.add(target);
        else wrong.push(`${path} imports ${specifier}`);
      }
    }
    expect(wrong).to.deep.equal([]);
    expect(reached.size).to.be.greaterThan(page.length);
  });

  it('the rules do see a wrong import', () => {
    const planted: SourceFile = { path: 'engine/machine/x.ts', text: '', imports: [] };
    expect(layerOf(planted.path)).to.equal('engine/machine');
    expect((MAY_IMPORT['engine/machine'] ?? []).includes('engine/store')).to.equal(false);
    expect(IMPURE_WORDS.test('const t = Date.now();')).to.equal(true);
    expect(FOREIGN_WORDS.test("case 'openstack': // asks openstack".replaceAll(KINDS, ''))).to.equal(true);
  });
});
