// `plan STACK RESOURCE --template` beside a real Heat: what it says of a template, and what the stack update by the same template does.
// Belongs here: that the two agree, without a word to Heat. Does not belong here: what a template comes to (test/hot), what words are
// shown (test/cli).
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { services } from '../support/services.ts';
import { heatSuite } from './suite.ts';
import { greeting } from './templates.ts';

const found = services('plans of templates');

const DEFINITION = `workflow_version: 2026-11-01
inputs:
  who: {type: string}
  port: {type: integer}
  note: {type: string, default: none}
entities:
  service:
    type: service
    states:
      first: {condition: "<% inputs.who == 'hello all' %>", action: {wait: {for: 1s}}}
      second: {condition: "<% inputs.port > 1 %>", action: {wait: {for: 1s}}}
      noted: {condition: "<% inputs.note == 'none' %>", action: {wait: {for: 1s}}}
      timed: {action: {wait: {for: TIME}}}
      old: {action: {wait: {for: 1s}}}
      last: {requires: [first, second, noted, timed, old], action: {wait: {for: 1s}}}
goal: service.last
`;
/** One state is gone, one is new. */
const NEXT = DEFINITION.replace(/^ {6}old: .*\n/m, '')
  .replace('timed, old]', 'timed]')
  .replace('goal: service.last', 'goal: service.told')
  .replace('goal:', '      told: {requires: [last], action: {wait: {for: 1s}}}\ngoal:');

/** `who` is what only Heat knows; `greeter` is another workflow of the same stack. */
const template = (port: number, more: object = {}): object => ({
  heat_template_version: '2021-04-16',
  parameters: {
    base: { type: 'number', default: port },
    who: { type: 'string', default: 'all' },
    time: { type: 'string', default: `${port}s` },
  },
  resources: {
    greeter: {
      type: 'Murano::Workflow',
      properties: { definition: greeting, inputs: { who: { get_param: 'who' } } },
    },
    flow: {
      type: 'Murano::Workflow',
      properties: {
        definition: {
          str_replace: {
            template: { get_file: 'flow.workflow.yaml' },
            params: { TIME: { get_param: 'time' } },
          },
        },
        inputs: { who: { get_attr: ['greeter', 'outputs', 'text'] }, port: { get_param: 'base' }, ...more },
      },
    },
  },
});

interface Answer {
  readonly workflow: string;
  readonly taken: readonly { readonly what: string; readonly whys: readonly string[] }[];
  readonly steps: readonly { readonly step: string; readonly fate: string }[];
}

if (found !== undefined)
  describe('a plan of a template', function () {
    this.timeout(60_000);
    const { create, directory, engine, heat } = heatSuite(found, 'heat-plan');

    const write = (name: string, content: string): void => writeFileSync(path.join(directory, name), content);
    const plan = (...words: readonly string[]) => engine.command(directory, 'plan', ...words);
    /** Steps that ran since, were undone, or are left out by their condition now; one that is compared and stays is none. */
    const acted = async (workflow: string, after: number): Promise<readonly string[]> =>
      [
        ...new Set(
          (await engine.entries(workflow, after)).flatMap(({ change }) =>
            change.kind === 'step' && ['running', 'undone', 'skipped'].includes(change.record.status)
              ? [change.step]
              : [],
          ),
        ),
      ].sort();

    it('says of each step what the update of the stack then does, and takes what only Heat knows as it stands', async () => {
      await create('planned', template(1), { files: { 'flow.workflow.yaml': DEFINITION } });
      expect((await heat.settled('planned'))?.stack_status).to.equal('CREATE_COMPLETE');
      write('flow.workflow.yaml', NEXT);
      write('new.yaml', JSON.stringify(template(2, { note: 'said' })));
      const { code, out, err } = await plan(
        'planned',
        'flow',
        '--template',
        'new.yaml',
        '--json',
        '--verbose',
      );
      expect(code, err).to.equal(0);
      const planned = JSON.parse(out) as Answer;
      const id = (await heat.resource('planned', 'flow')).physical_resource_id;
      expect(planned.workflow).to.equal(id);
      expect(planned.taken).to.eql([{ what: 'inputs.who', whys: ['get_attr greeter, outputs, text'] }]);
      const before = (await engine.entries(id)).at(-1)?.seq ?? 0;
      await heat.update('planned', template(2, { note: 'said' }), { files: { 'flow.workflow.yaml': NEXT } });
      expect((await heat.settled('planned'))?.stack_status).to.equal('UPDATE_COMPLETE');
      const changing = planned.steps.filter(({ fate }) => fate !== 'keep').map(({ step }) => step);
      expect(changing.sort()).to.eql(await acted(id, before));
      expect(Object.fromEntries(planned.steps.map(({ step, fate }) => [step, fate]))).to.deep.include({
        'service.first': 'keep',
        'service.second': 'run',
        'service.noted': 'undo',
        'service.timed': 'run_again',
        'service.old': 'undo',
        'service.told': 'run',
      });
      const again = await plan('planned', 'flow', '--template', 'new.yaml');
      expect(again.out)
        .to.contain('planned, flow, generation 2')
        .and.to.match(/^Plan: \d+ kept\.$/m);
    });

    it('finds the workflow by the resource of the stack, or by its id, and says which there are', async () => {
      await create('several', template(1), { files: { 'flow.workflow.yaml': DEFINITION } });
      await heat.settled('several');
      write('flow.workflow.yaml', DEFINITION);
      write('new.yaml', JSON.stringify(template(3)));
      const id = (await heat.resource('several', 'flow')).physical_resource_id;
      const byId = await plan(id, 'flow', '--template', 'new.yaml', '--parameter', 'base=9', '--json');
      expect(JSON.parse(byId.out)).to.include({ workflow: id });
      const unnamed = await plan('several', '--template', 'new.yaml');
      expect(unnamed.code).to.equal(2);
      expect(unnamed.err).to.contain('new.yaml has several workflows: greeter, flow');
      const nowhere = await plan('elsewhere', 'flow', '--template', 'new.yaml');
      expect(nowhere.code).to.equal(5);
      expect(nowhere.err).to.contain('no workflow here is of a stack elsewhere');
    });

    it('tells what is wrong with the template or its definition, each at its place, before Heat is asked', async () => {
      await create('wrong', template(1), { files: { 'flow.workflow.yaml': DEFINITION } });
      await heat.settled('wrong');
      write('flow.workflow.yaml', DEFINITION.replace('requires: [first', 'requires: [frist'));
      write('new.yaml', JSON.stringify(template(3)));
      const { code, err } = await plan('wrong', 'flow', '--template', 'new.yaml');
      expect(code).to.equal(2);
      expect(err).to.match(/new\.yaml \(flow\.definition\):15:\d+: .*'frist'.*Did you mean 'first'\?/);
      write('flow.workflow.yaml', DEFINITION);
      write('new.yaml', `${JSON.stringify(template(3, { prot: 1 }), undefined, 2)}\n`);
      const inputs = await plan('wrong', 'flow', '--template', 'new.yaml');
      expect(inputs.err).to.match(/new\.yaml:\d+:\d+: .*prot/);
    });
  });
