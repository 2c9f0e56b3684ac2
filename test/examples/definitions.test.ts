// Every definition under docs/examples: it must pass all checks, and the checks must be looking.
// Belongs here: validity of the examples. Does not belong here: running them, the rules themselves (test/definition).
import { expect } from 'chai';
import { load } from 'js-yaml';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { checkInputs } from '../../engine/definition/inputs.ts';
import { problemText } from '../../engine/definition/problems.ts';
import { cluster, examples, files, parseExample } from './definitions.ts';

interface Parameter {
  readonly default?: unknown;
  readonly constraints?: readonly { readonly allowed_pattern?: string }[];
}

interface Template {
  readonly parameters: { readonly [name: string]: Parameter };
  readonly resources: {
    readonly cluster: { readonly properties: { readonly inputs: Record<string, { get_param: string }> } };
  };
}

describe('The examples', () => {
  it('are the seven steps of the tutorial, two clusters, and two workflows of a release in Heat', () => {
    expect(files).to.have.length(11);
  });

  for (const file of files) {
    it(`${file} has no problem, not even a warning`, () => {
      const { definition, problems } = parseExample(file);
      expect(problems.map(problemText)).to.deep.equal([]);
      expect(definition?.goal).to.have.length.greaterThan(0);
    });
  }

  it('the PostgreSQL cluster with a mistyped output is refused, with the name that was meant', () => {
    const { definition, problems } = parseExample(cluster, text =>
      text.replace('db.once.row_written.token', 'db.once.row_written.tokn'),
    );
    expect(definition).to.equal(undefined);
    expect(problems.map(problemText).join('\n')).to.match(/:\d+:\d+: .*tokn.*token/);
  });

  it('the PostgreSQL cluster carries every one of its scripts', () => {
    const text = readFileSync(path.join(examples, cluster), 'utf8');
    const named = new Set([...text.matchAll(/file: scripts\/([\w.-]+)/g)].map(([, name]) => name));
    expect(named).to.have.all.keys(readdirSync(path.join(examples, 'postgresql-cluster', 'scripts')));
  });

  it('the stack of the PostgreSQL cluster gives inputs that it has, by parameters of the same default and pattern', () => {
    const { definition } = parseExample(cluster);
    const file = path.join(examples, 'postgresql-heat', 'cluster.yaml');
    const template = load(readFileSync(file, 'utf8')) as Template;
    const given = Object.entries(template.resources.cluster.properties.inputs);
    expect(given.map(([name]) => name)).to.include('shared_buffers');
    for (const [name, { get_param: parameter }] of given) {
      const input = definition?.inputs.get(name);
      expect(input, name).not.to.equal(undefined);
      const { default: usual, constraints = [] } = template.parameters[parameter] as Parameter;
      if (usual !== undefined && name !== 'postgresql') expect(usual, name).to.equal(input?.default);
      const patterns = input?.constraints.flatMap(one => ('pattern' in one ? [String(one.pattern)] : []));
      for (const { allowed_pattern: pattern } of constraints)
        if (pattern !== undefined) expect(patterns?.join(), name).to.include(pattern);
    }
  });

  it("the PostgreSQL cluster takes its inputs.yaml, with PostgreSQL's folder beside it", () => {
    const { definition } = parseExample(cluster);
    if (definition === undefined) throw new Error('The definition has problems; another test shows them');
    const text = readFileSync(path.join(examples, 'postgresql-cluster', 'inputs.yaml'), 'utf8');
    const inputs = load(text) as Record<string, string | number>;
    expect(checkInputs(definition, { ...inputs, postgresql: '/opt/postgresql' }).problems).to.deep.equal([]);
    const wrong = checkInputs(definition, { ...inputs, postgresql: 'node_modules', first_port: 80 }).problems;
    expect(wrong.map(({ pointer }) => pointer)).to.have.members(['/postgresql', '/first_port']);
  });
});
