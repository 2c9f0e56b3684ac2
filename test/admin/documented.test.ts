// docs/reference/api.md lists every route that is served, and no other; UPDATE_DOCS=1 writes the list.
// Belongs here: that comparison. Does not belong here: the document that is served (reading.test.ts).
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { allRoutes } from '../../engine/admin/routes/index.ts';
import { inProject } from '../support/project.ts';

const FILE = inProject('docs', 'reference', 'api.md');
const HEAD = '| route | who | what |\n|---|---|---|\n';

describe('docs/reference/api.md', () => {
  it('has one row for each route, with who may ask', () => {
    const page = readFileSync(FILE, 'utf8');
    const [before = '', rows] = page.split(HEAD);
    const served = allRoutes(() => ({})).map(
      ({ method, path, role, summary }) => `| \`${method.toUpperCase()} ${path}\` | ${role} | ${summary} |\n`,
    );
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(FILE, `${before}${HEAD}${served.join('')}`);
    else expect(rows).to.equal(served.join(''));
  });
});
