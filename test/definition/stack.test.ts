// The action `stack` as it is written: its template judged, values as parameters, what takes it back.
// Belongs here: the action's fields. Does not belong here: what Heat does (test/drivers, test/openstack).
import { expect } from 'chai';
import { missingCredential } from '../../engine/definition/checks/credential.ts';
import { definitionOf, parse, stateOf, texts } from './support/parsing.ts';

const TEMPLATE = `heat_template_version: 2018-08-31
              parameters: {size: {type: number}, image: {type: string, default: small}}
              resources: {value: {type: OS::Heat::Value, properties: {value: {get_param: size}}}}
              outputs: {Address: {value: 10.0.0.1}, port: {value: 80}}`;

const service = (stack: string, rest = ''): string => `
workflow_version: 2026-11-01
entities:
  net:
    type: service
    states:
      made:
        action:
          stack:
            template: |
              ${TEMPLATE}
            ${stack}
        outputs: {address: {type: string}, port: {type: integer, optional: true}}
        ${rest}
goal: net.made
`;
const GOOD = service('{parameters: {size: 3}}'.slice(1, -1) + '\n            outputs: {address: Address}');

describe('The action stack', () => {
  it('takes its template as text and as a file, and reads what it gives', () => {
    const parsed = parse(GOOD);
    expect(texts(parsed)).to.deep.equal([]);
    const { action } = stateOf(definitionOf(parsed), 'net', 'made');
    expect(action).to.deep.include({ kind: 'stack', change: 'create' });
    expect(action?.kind === 'stack' && action.change === 'create' && [...action.sources]).to.deep.equal([
      ['address', 'Address'],
    ]);
  });

  it('row 39: is deleted when it is taken back, and a failure of that is one', () => {
    const { undo } = stateOf(definitionOf(parse(GOOD)), 'net', 'made');
    expect(undo).to.deep.include({ action: { kind: 'stack', change: 'delete' }, onFailure: 'fail' });
    const said = service(
      'parameters: {size: 3}\n            outputs: {address: Address}',
      'undo: {stack: {}, timeout: 5m, on_failure: continue}',
    );
    expect(stateOf(definitionOf(parse(said)), 'net', 'made').undo).to.deep.include({
      action: { kind: 'stack', change: 'delete' },
      timeout: 300_000,
      onFailure: 'continue',
    });
  });

  it('row 42: may be undone when it fails without an undo that is written', () => {
    const text = service(
      'parameters: {size: 3}\n            outputs: {address: Address}',
      'on_failure: {then: undo}',
    );
    expect(texts(parse(text))).to.deep.equal([]);
  });

  it('says which parameters and outputs do not fit the template', () => {
    const wrong = service('parameters: {sise: 3}\n            outputs: {address: adress, prot: port}');
    expect(texts(parse(wrong))).to.deep.equal([
      "test.yaml:10:13: The stack of net.made gives no value for the parameter 'size'. Write it under parameters: {size: …}, or give it a default in the template.",
      "test.yaml:15:26: The stack of net.made gives the parameter 'sise', which its template does not have. Did you mean 'size'?",
      "test.yaml:16:32: The stack of net.made must give 'address', and its template has no output 'adress'. Did you mean 'Address'?",
      "test.yaml:16:40: The stack of net.made fills 'prot', which the outputs of its state don't declare. Did you mean 'port'?",
    ]);
  });

  const withTemplate = (template: string): readonly string[] =>
    texts(
      parse(`
workflow_version: 2026-11-01
entities:
  net:
    type: service
    states:
      made: {action: {stack: {template: ${template}}}}
goal: net.made
`),
    );

  it('refuses a template that is none, or that names files which nobody puts into it', () => {
    const at = 'test.yaml:7:41';
    expect(withTemplate('"a: [b"')[0]).to.match(/The template of net.made is not YAML: line 1/);
    expect(withTemplate('just text')).to.deep.equal([
      `${at}: The template of net.made is no HOT template. It begins with 'heat_template_version: 2018-08-31' and has resources.`,
    ]);
    const nested = '{heat_template_version: 2018-08-31, resources: {a: {type: server.yaml}}}';
    expect(withTemplate(`'${nested}'`)).to.deep.equal([
      `test.yaml:7:42: The template of net.made names the file 'server.yaml', which nobody puts into it. Write the content of that file into the template.`,
    ]);
    const file = '{heat_template_version: 2018-08-31, resources: {a: {properties: {x: {get_file: run.sh}}}}}';
    expect(withTemplate(`'${file}'`)[0]).to.contain("names the file 'run.sh'");
    expect(withTemplate('{heat_template_version: 2018-08-31}')[0]).to.contain('must be text');
    expect(withTemplate('{file: gone.yaml}')[0]).to.contain("there is no file 'gone.yaml'");
  });

  it('can be taken back only where one is made', () => {
    const text = `
workflow_version: 2026-11-01
entities:
  net: {type: vm, states: {made: {action: {script: {sh: "true"}}, undo: {stack: {}}}}}
goal: net.made
`;
    expect(texts(parse(text))[0]).to.contain('deletes a stack, but its action script makes none');
  });

  it('needs the right of an owner, which is said with what to write', () => {
    const problem = missingCredential(definitionOf(parse(GOOD)));
    expect(problem?.pointer).to.equal('/entities/net/states/made');
    expect(problem?.message).to.equal(
      "net.made (stack) calls the owner's cloud, and the workflow has no credential.",
    );
    const plain =
      'workflow_version: 2026-11-01\nentities: {a: {type: service, states: {b: {}}}}\ngoal: a.b\n';
    expect(missingCredential(definitionOf(parse(plain)))).to.equal(undefined);
  });
});
