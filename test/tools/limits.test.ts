// docs/reference/limits.md gives every bound of the code, with its number: no more, no less, no other.
// Belongs here: the page against the numbers. Does not belong here: that they are enforced (each part's own tests).
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { AGENT_LIMITS } from '../../agent-protocol/limits.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import { inProject } from '../support/project.ts';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  ms: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  days: 24 * 3_600_000,
};

const [ofEngine = '', ofAgent = ''] = readFileSync(inProject('docs', 'reference', 'limits.md'), 'utf8').split(
  '## The agent and its messages',
);

function documented(text: string): Record<string, number> {
  const rows = [...text.matchAll(/^\| `(\w+)` \| ([\d,]+) ?(\w*) \|/gm)];
  const limits = rows.map(
    ([, name = '', number = '', unit = '']) =>
      [name, Number(number.replaceAll(',', '')) * (UNITS[unit] ?? Number.NaN)] as const,
  );
  expect(new Set(limits.map(([name]) => name)).size, 'a limit stands there twice').to.equal(limits.length);
  return Object.fromEntries(limits);
}

describe('The page of limits', () => {
  it("gives the engine's limits", () => {
    expect(documented(ofEngine)).to.deep.equal({ ...LIMITS });
  });

  it("gives the agent's limits", () => {
    expect(documented(ofAgent)).to.deep.equal({ ...AGENT_LIMITS });
  });
});
