// docs/reference/errors.md names every error code, with its fault and whether it may pass, and no other.
// Belongs here: that comparison. Does not belong here: when each error is thrown.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { ERROR_CODES } from '../../engine/base/errors.ts';
import { inProject } from '../support/project.ts';

describe('docs/reference/errors.md', () => {
  const text = readFileSync(inProject('docs/reference/errors.md'), 'utf8');
  const rows = text.split('\n').flatMap(line => {
    const cells = line.split('|').map(cell => cell.trim());
    const code = /^`([a-z_]+)`$/.exec(cells[1] ?? '')?.[1];
    return cells.length === 7 && code !== undefined ? [{ code, cells }] : [];
  });

  it('has one row per code, and none for a code that does not exist', () => {
    expect(rows.map(row => row.code).sort()).to.deep.equal(Object.keys(ERROR_CODES).sort());
  });

  it('tells fault and retriability as the code does, and what to do', () => {
    for (const { code, cells } of rows) {
      const known = ERROR_CODES[code as keyof typeof ERROR_CODES];
      expect(cells.slice(2, 4), code).to.deep.equal([known.fault, known.retriable ? 'yes' : 'no']);
      expect(cells[4]?.length, code).to.be.greaterThan(10);
      expect(cells[5]?.length, code).to.be.greaterThan(5);
    }
  });
});
