// The Python plugin on its own: its unit tests, and the reference that describes it.
// Belongs here: running Python, comparing pages with what the code declares. Does not belong here: Heat (stacks.test.ts).
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { needs } from '../support/needs.ts';
import { inProject } from '../support/project.ts';

const run = promisify(execFile);
const HEAT = '/usr/lib/python3/dist-packages/heat/engine/resource.py';
const python = (...words: string[]) =>
  run('/usr/bin/python3', ['-W', 'ignore', ...words], { cwd: inProject('heat-resource') });

interface Kind {
  readonly properties: { readonly [name: string]: string };
  readonly attributes: { readonly [name: string]: string };
}

interface Described {
  readonly types: { readonly [type: string]: Kind };
  readonly settings: { readonly [name: string]: { readonly help: string; readonly default: unknown } };
}

/** First cells of the table under a heading. */
function rows(page: string, heading: string): readonly string[] {
  const section = page.split(/^## /m).find(part => part.startsWith(heading)) ?? '';
  return [...section.matchAll(/^\| `([a-z_]+)` \|/gm)].map(match => match[1] as string);
}

const page = (name: string): string => readFileSync(inProject('docs', 'reference', name), 'utf8');

function expectRows(name: string, heading: string, declared: readonly string[]): void {
  expect(rows(page(name), heading).toSorted(), heading).to.deep.equal(declared.toSorted());
}

if (needs(existsSync(HEAT), 'the plugin', "Heat's Python library: test/services/install.sh")) {
  describe('the plugin', function () {
    this.timeout(60_000);

    it('passes its own tests with the library of a real Heat', async () => {
      const { stderr } = await python('-m', 'unittest', 'discover', '-s', 'murano_workflow/tests', '-t', '.');
      expect(stderr).to.match(/\nOK\n$/);
    });

    it('declares what the reference describes, each with a sentence', async () => {
      const { stdout } = await python(inProject('test/heat/describe_plugin.py'), inProject('heat-resource'));
      const { types, settings } = JSON.parse(stdout) as Described;
      const workflow = types['Murano::Workflow'] as Kind;
      // `show` is every resource's.
      expectRows('heat.md', 'Properties', Object.keys(workflow.properties));
      expectRows('heat.md', 'Attributes', [...Object.keys(workflow.attributes), 'show']);
      for (const type of ['Murano::Agent', 'Murano::Member']) {
        expectRows('heat-agents.md', `Properties of \`${type}\``, Object.keys(types[type]?.properties ?? {}));
        expectRows('heat-agents.md', `Attributes of \`${type}\``, Object.keys(types[type]?.attributes ?? {}));
      }
      expect(rows(page('settings.md'), 'In `heat.conf`').toSorted()).to.deep.equal(
        Object.keys(settings).toSorted(),
      );
      for (const { properties, attributes } of Object.values(types))
        for (const text of [...Object.values(properties), ...Object.values(attributes)])
          expect(text).to.match(/\w+.*\.$/);
    });
  });
}
