import { expect } from 'chai';
import { agentId, parseMembers } from '../../engine/cli/members.ts';
import { defaultName, parseValues } from '../../engine/cli/values.ts';
import { ID } from '../../engine/base/ids.ts';
import type { EngineError } from '../../engine/base/errors.ts';
import type { ParameterType } from '../../engine/definition/types.ts';

const files: { readonly [name: string]: string } = {
  'in.yaml': 'port: 5432\nname: db\n',
  'in.json': '{"port": 1, "list": [1]}',
  'list.yaml': '- a\n',
  'broken.yaml': 'a: [1\n',
  'secret.txt': 'hunter2\n',
  'machines.yaml': 'db: [{name: a, data: {disk: /dev/vdb}}, b]\nweb: 2\n',
  'wrong.yaml': 'db: [{nmae: a}]\n',
};
const read = async (file: string): Promise<string> => {
  const text = files[file];
  if (text === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' });
  return text;
};
const types: { readonly [name: string]: ParameterType } = {
  port: 'integer',
  ratio: 'number',
  on: 'boolean',
  list: 'list',
  map: 'map',
  name: 'string',
};
const values = (...words: string[]) => parseValues(words, '--inputs', name => types[name], read);

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (thrown) {
    const { code, message, next } = thrown as EngineError;
    return `${code}: ${message}. ${next}`;
  }
  throw new Error('it was accepted');
}

describe('values of the command line', () => {
  it('take the types that the definition gives them', async () => {
    expect(
      await values('port=5432', 'ratio=1e3', 'on=true', 'list=[a, 1]', 'map={a: 1}', 'name=5432'),
    ).to.deep.equal({
      port: 5432,
      ratio: 1000,
      on: true,
      list: ['a', 1],
      map: { a: 1 },
      name: '5432',
    });
  });

  it('keep 64-bit integers whole', async () => {
    expect(await values('port=9007199254740993')).to.deep.equal({ port: { $integer: '9007199254740993' } });
  });

  it('leave to the engine what does not fit', async () => {
    expect(await values('port=many', 'on=perhaps', 'unknown=1')).to.deep.equal({
      port: 'many',
      on: 'perhaps',
      unknown: '1',
    });
  });

  it('come from files too, and later words win', async () => {
    expect(await values('in.yaml', 'name=other')).to.deep.equal({ port: 5432, name: 'other' });
    expect(await values('name=x', 'in.yaml', 'in.json')).to.deep.equal({ name: 'db', port: 1, list: [1] });
  });

  it('may hold = and may be the text of a file', async () => {
    expect(await values('name=a=b', 'other=@secret.txt')).to.deep.equal({ name: 'a=b', other: 'hunter2' });
  });

  it('say what is wrong with a file', async () => {
    expect(await refusal(values('gone.yaml'))).to.match(
      /^usage: --inputs: cannot read gone.yaml: there is no such file/,
    );
    expect(await refusal(values('list.yaml'))).to.match(/^usage: list.yaml is no map/);
    expect(await refusal(values('broken.yaml'))).to.match(/^usage: broken.yaml is neither YAML nor JSON/);
    expect(await refusal(values('name=@gone'))).to.match(/^usage: --inputs name: cannot read gone/);
  });
});

describe('members of the command line', () => {
  const entities = [
    { name: 'db', type: 'vm_group', members: { min: 2, max: 9 } },
    { name: 'app', type: 'vm', members: { min: 1, max: 1 } },
    { name: 'service', type: 'service', members: { min: 0, max: 0 } },
  ] as const;
  const members = (...words: string[]) => parseMembers(words, entities, 'w', read);

  it('are the least that the definition allows, unless said otherwise', async () => {
    expect(await members()).to.deep.equal({
      db: [
        { agent: 'w-db-0', name: 'db-0' },
        { agent: 'w-db-1', name: 'db-1' },
      ],
      app: [{ agent: 'w-app-0', name: 'app' }],
    });
  });

  it('are counted or named with their data', async () => {
    expect((await members('db=3'))['db']).to.have.length(3);
    const named = await members('machines.yaml');
    expect(named['db']).to.deep.equal([
      { agent: 'w-db-0', name: 'a', data: { disk: '/dev/vdb' } },
      { agent: 'w-db-1', name: 'b' },
    ]);
    expect(named['web']).to.have.length(2);
  });

  it('say what is wrong with them', async () => {
    expect(await refusal(members('db=1001'))).to.match(/^usage: db has 1001 members and the limit is 1000/);
    expect(await refusal(members('wrong.yaml'))).to.include("member 1 of db has an unknown key 'nmae'");
    expect(await refusal(members('db'))).to.include('Write --members db=3');
  });

  it('have agents whose ids stay valid and apart, however long the names are', () => {
    const long = (index: number) => agentId('w'.repeat(64), 'e'.repeat(63), index);
    expect(long(1)).to.match(ID);
    expect(long(1)).not.to.equal(long(2));
    expect(agentId('w', 'db', 0)).to.equal('w-db-0');
  });
});

describe("a workflow's name", () => {
  it('comes from its file', () => {
    expect(defaultName('/x/hello.workflow.yaml')).to.equal('hello');
    expect(defaultName('my cluster.yml')).to.equal('my-cluster');
    expect(defaultName('/srv/db/workflow.yaml')).to.equal('db');
    expect(defaultName('-x.yaml')).to.equal('x');
  });
});
