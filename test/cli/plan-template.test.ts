// `plan STACK RESOURCE --template`: what is asked of the engine for what a template says, and what is told.
// Belongs here: words, files, what stands, places of mistakes. Does not belong here: functions of templates (test/hot), a real Heat
// (test/heat/plan.test.ts).
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { language } from '../../engine/cli/language.ts';
import type { WorkflowRecord } from '../../engine/machine/types.ts';
import type { WorkflowView } from '../../engine/runtime/api.ts';
import type { WorkflowSummary } from '../../engine/runtime/operator-api.ts';
import { type Called, callCli, FakeEngine } from '../support/fake-engine.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { START, workflowView } from '../support/workflow-views.ts';

const DEFINITION = `workflow_version: 2026-11-01
inputs:
  port: {type: integer}
  who: {type: string, default: me}
  secret: {type: string, default: s}
entities:
  web: {type: vm_group, members: {min: 0, max: 9}, states: {up: {action: {script: {bash: {file: up.sh}}}}}}
goal: web.up
`;

const TEMPLATE = `heat_template_version: 2021-04-16
parameters:
  port: {type: number, default: 80}
resources:
  net: {type: OS::Neutron::Net}
  site:
    type: Murano::Workflow
    properties:
      definition: {get_file: flows/site.workflow.yaml}
      files: {up.sh: {get_file: flows/up.sh}}
      inputs:
        port: {get_param: port}
        who: {get_attr: [net, name]}
      members:
        web: [{get_attr: [m0, member]}, {get_attr: [m1, member]}]
      operations: [{operation: backup, id: done}, {operation: backup, id: next}]
`;

const summary = (id: string, more: Partial<WorkflowSummary> = {}): WorkflowSummary => ({
  id,
  stackName: 'prod',
  resource: 'site',
  project: 'p1',
  status: 'complete',
  waiting: 'nothing',
  reason: '',
  generation: 1,
  createdAt: START,
  updatedAt: START,
  ...more,
});

const MEMBERS: WorkflowView['members'] = {
  web: [{ agent: 'a0', name: 'web-0', index: 0 }],
  gone: [{ agent: 'a1', name: 'gone-0', index: 0 }],
};

describe('plan of a template', () => {
  let engine: FakeEngine;
  let directory: string;

  const put = (name: string, text: string): void => writeFileSync(path.join(directory, name), text);
  const call = (...words: readonly string[]): Promise<Called> =>
    callCli({ engine, language, directory, kind: 'attached' }, 'plan', ...words);
  const plan = (...words: readonly string[]): Promise<Called> =>
    call('prod', 'site', '--template', 'new.yaml', ...words);

  beforeEach(async () => {
    directory = await temporaryDirectory();
    mkdirSync(path.join(directory, 'flows'));
    put('flows/site.workflow.yaml', DEFINITION);
    put('flows/up.sh', 'echo up');
    put('new.yaml', TEMPLATE);
    engine = new FakeEngine();
    const operations = [{ id: 'done' }] as unknown as NonNullable<WorkflowRecord['operations']>;
    const view = workflowView([], { id: 'w1', stackName: 'prod', status: 'complete', operations });
    const inputTypes = { port: 'integer', who: 'string', secret: 'string' } as const;
    engine.workflows.set('w1', { ...view, inputTypes, members: MEMBERS });
    engine.stacks.push(summary('w1'), summary('w2', { resource: 'db' }));
    const counts = { run: 0, run_again: 0, cancel: 0, undo: 0, maybe: 0, keep: 0 };
    engine.planAnswer = {
      plan: { generation: 2, joins: [], leaves: [], steps: [], roles: [], warnings: [], counts },
      problems: [],
    };
  });

  it('asks what the plugin would ask, but for what only Heat knows', async () => {
    const { code, err } = await plan();
    expect(code, err).to.equal(0);
    expect(engine.planned).to.eql([
      {
        workflow: 'w1',
        document: { source: DEFINITION, fileName: 'flows/site.workflow.yaml', files: { 'up.sh': 'echo up' } },
        inputs: { port: 80 },
        unset: ['secret'],
        members: { gone: [] },
      },
    ]);
    expect(engine.acted).to.eql([]);
  });

  it('says what is taken as it stands, how many the template has, and which operations follow', async () => {
    const { out } = await plan();
    expect(out).to.equal(
      [
        'prod, site, generation 2',
        '',
        '  = inputs.who taken as today: get_attr net, name',
        '  = members.web taken as today: get_attr m0, member; get_attr m1, member',
        '',
        '  ! The template gives web 2 members, and it has 1: who joins or leaves only Heat knows, so it is not in the plan.',
        '  ! The operation backup, next, is new here: it runs once all of this is complete.',
        '',
        'Plan: nothing to do.',
        '',
      ].join('\n'),
    );
    const { out: json } = await plan('--json');
    expect(JSON.parse(json)).to.deep.include({
      workflow: 'w1',
      taken: [
        { what: 'inputs.who', whys: ['get_attr net, name'] },
        { what: 'members.web', whys: ['get_attr m0, member', 'get_attr m1, member'] },
      ],
    });
  });

  it('takes parameters by hand and by environments, and inputs that only Heat knows by hand', async () => {
    put('env.yaml', 'parameters: {port: 8080}');
    await plan('-e', 'env.yaml', '--inputs', 'who=them');
    await plan('-e', 'env.yaml', '--parameter', 'port=81');
    expect(engine.planned.map(({ inputs }) => inputs)).to.eql([{ port: 8080, who: 'them' }, { port: 81 }]);
  });

  it('lets definition and files stand together, and everything of a map that is open as a whole', async () => {
    const files = 'files: {up.sh: {get_attr: [config, text]}}';
    put(
      'new.yaml',
      TEMPLATE.replace(/files: .*/, files).replace(/members:\n.*/, 'members: {get_attr: [g, m]}'),
    );
    const { out } = await plan();
    expect(engine.planned[0]).to.not.have.any.keys('document', 'members');
    expect(out).to.contain('= definition and files taken as today: get_attr config, text');
    expect(out).to.contain('= members taken as today: get_attr g, m');
  });

  it('takes members that the template writes out, and that a right to the cloud is given', async () => {
    const members = 'members: {web: [{agent: a9, name: web-9}]}\n      credential: {id: x, secret: y}';
    put('new.yaml', TEMPLATE.replace(/members:\n.*/, members));
    await plan();
    expect(engine.planned[0]?.members).to.eql({ gone: [], web: [{ agent: 'a9', name: 'web-9' }] });
    expect(JSON.stringify(engine.planned[0]?.credential)).to.not.contain('"y"');
    expect(engine.planned[0]).to.have.property('credential');
  });

  describe('finds the workflow', () => {
    it('by its id in place of the stack, also where nobody has said which resource it is', async () => {
      engine.stacks.splice(0);
      await call('w1', 'site', '--template', 'new.yaml');
      expect(engine.planned[0]?.workflow).to.equal('w1');
    });

    it('without the resource where the template has one workflow', async () => {
      expect((await call('prod', '--template', 'new.yaml')).code).to.equal(0);
      put('new.yaml', TEMPLATE.replace('OS::Neutron::Net', 'Murano::Workflow'));
      const { code, err } = await call('prod', '--template', 'new.yaml');
      expect([code, err]).to.eql([
        2,
        'murano-workflow: new.yaml has several workflows: net, site. Say which resource: murano-workflow plan STACK RESOURCE --template FILE.\n',
      ]);
    });

    it('by the project, and says which there are, where stacks of several have the name', async () => {
      engine.stacks.push(summary('w9', { project: 'p2', status: 'failed' }));
      const { code, err } = await plan();
      expect(code).to.equal(2);
      expect(err).to.contain(
        '2 workflows are the resource site of a stack prod: w1 (complete, project p1), w9 (failed, project p2)',
      );
      expect((await plan('--project', 'p1')).code).to.equal(0);
    });

    it('or says what there is', async () => {
      put('new.yaml', TEMPLATE.replace('  site:', '  dbs:'));
      const { code, err } = await call('prod', 'dbs', '--template', 'new.yaml');
      expect(code).to.equal(5);
      expect(err).to.contain("has no workflow that is its resource dbs. Did you mean 'db'?");
      engine.stacks.push(summary('old', { resource: undefined as unknown as string }));
      const unsaid = await call('prod', 'dbs', '--template', 'new.yaml');
      expect(unsaid.err).to.contain('of old nobody has said yet which resource it is: name it by that id');
    });
  });

  describe('tells mistakes', () => {
    const wrong = async (text: string, ...words: readonly string[]): Promise<string> => {
      put('new.yaml', text);
      const { code, err } = await plan(...words);
      expect(code).to.equal(2);
      expect(engine.planned).to.eql([]);
      return err;
    };

    it('of the template by their places in it', async () => {
      const at = async (from: string | RegExp, to: string): Promise<string> =>
        (await wrong(TEMPLATE.replace(from, to))).split('\n')[0] ?? '';
      expect(await at('{get_param: port}', '{get_param: prot}')).to.equal(
        "new.yaml:12:27: The template has no parameter 'prot'. Did you mean 'port'?",
      );
      expect(await at('flows/up.sh', 'up.sh')).to.contain("new.yaml:10:33: There is no file 'up.sh'.");
      expect(await at('      inputs:', '      input:')).to.equal(
        "new.yaml:11:7: Murano::Workflow has no property 'input'. Did you mean 'inputs'?",
      );
      expect(await at('Murano::Workflow', 'OS::Nova::Server')).to.contain(
        "new.yaml:7:11: 'site' is of type OS::Nova::Server, not Murano::Workflow.",
      );
      expect(await at('  site:', '  siet:')).to.equal(
        "new.yaml:4:1: The template has no resource 'site'. Did you mean 'siet'?",
      );
      expect(await at('heat_template_version: 2021-04-16\n', '')).to.contain('no heat_template_version');
      expect(await at('    type: Murano', '    condition: false\n    type: Murano')).to.contain(
        "new.yaml:7:16: 'site' is left out by its condition.",
      );
    });

    it('of the definition by their places in its file, or in the template where it stands there', async () => {
      put('flows/site.workflow.yaml', DEFINITION.replace('goal: web.up', 'goal: web.pu'));
      expect(await wrong(TEMPLATE)).to.match(/^flows\/site\.workflow\.yaml:8:7: .*'pu'/);
      const inline = `\n${DEFINITION.replace(/^/gm, '        ').replace('goal: web.up', 'goal: web.pu')}`;
      expect(await wrong(TEMPLATE.replace(/ \{get_file: flows\/site.*/, inline))).to.match(
        /^new\.yaml:17:15: .*'pu'/,
      );
    });

    it('that the engine finds, too', async () => {
      const message = "Input 'port' must be at most 70.";
      engine.planAnswer = {
        problems: [{ code: 'inputs_invalid', pointer: '/port', message, severity: 'error' }],
      };
      const { code, err } = await plan();
      expect(code).to.equal(2);
      expect(err).to.contain(`new.yaml:12:15: ${message}`);
    });

    it('of an input that only Heat knows and nobody has yet', async () => {
      put('flows/site.workflow.yaml', DEFINITION.replace('inputs:', 'inputs:\n  fresh: {type: string}'));
      const text = TEMPLATE.replace('who:', 'fresh: {get_resource: net}\n        who:');
      expect(await wrong(text)).to.contain(
        "new.yaml:13:16: Only Heat knows the value of 'fresh', and the workflow has no such input yet. Give one with --inputs fresh=….",
      );
      expect((await plan('--inputs', 'fresh=x')).code).to.equal(0);
    });

    it('of the words', async () => {
      for (const [words, said] of [
        [['prod', 'site'], 'the resource site goes with --template alone'],
        [['prod', '--parameter', 'a=1', '--inputs', 'b=1'], '--parameter goes with --template alone'],
        [['--template', 'new.yaml'], '--template needs the stack'],
        [['prod', '--template', 'new.yaml', '--members', 'web=1'], '--members does not go with --template'],
        [['prod', '--template', 'new.yaml', '--parameter', 'port'], '--parameter port is no name=value'],
        [['prod', '--template', 'new.yaml', '--parameter', 'prot=1'], "Did you mean 'port'?"],
        [['prod', '--template', 'nowhere.yaml'], 'cannot read the template nowhere.yaml'],
      ] as const) {
        const { code, err } = await call(...words);
        expect([code, err.includes(said)], err).to.eql([2, true]);
      }
    });
  });
});
