// The tutorial against its files: what it shows must be what the reader finds.
// Belongs here: comparing text. Does not belong here: whether the files are valid (definitions.test.ts).
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inProject } from '../support/project.ts';

const hello = inProject('docs', 'examples', 'hello');
const files = readdirSync(hello).filter(name => name.endsWith('.workflow.yaml'));
const tutorial = readFileSync(inProject('docs', 'tutorial.md'), 'utf8');

/** Lines of the tutorial's YAML that must stand in the file as they are: not its own ellipses and asides. */
function quoted(file: string): string[] {
  const section = tutorial.slice(tutorial.indexOf(`[\`${file}\`]`));
  const block = /```yaml\n([\s\S]*?)```/.exec(section)?.[1] ?? '';
  return block
    .split('\n')
    .map(line => line.replace(/\s+#.*$/, '').trim())
    .filter(line => line !== '');
}

describe('The tutorial', () => {
  it('has a section for each of its files, in their order', () => {
    expect(files).to.have.length(7);
    const places = files.map(file => tutorial.indexOf(`(examples/hello/${file})`));
    expect(places.every(place => place > 0)).to.equal(true);
    expect(places).to.deep.equal(places.toSorted((a, b) => a - b));
  });

  for (const file of files) {
    it(`quotes ${file} as it is`, () => {
      const lines = quoted(file);
      expect(lines.length).to.be.greaterThan(1);
      const text = readFileSync(path.join(hello, file), 'utf8').replace(/\s+#.*$/gm, '');
      const flat = text.replace(/\s+/g, '');
      for (const line of lines) expect(flat, line).to.include(line.replace(/\s+/g, ''));
    });
  }

  it('and the examples link only to pages that exist', () => {
    for (const page of [
      'tutorial.md',
      'examples/README.md',
      ...readdirSync(inProject('docs', 'cookbook'))
        .filter(name => name.endsWith('.md'))
        .map(name => `cookbook/${name}`),
      'examples/postgresql-cluster/README.md',
      'examples/sql-server-always-on/README.md',
    ]) {
      const text = readFileSync(inProject('docs', page), 'utf8');
      for (const [, link = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        expect(
          existsSync(path.join(inProject('docs'), path.dirname(page), link)),
          `${page}: ${link}`,
        ).to.equal(true);
      }
    }
  });
});
