// docs/reference/agent-program.md says what the program's code says.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { EXIT } from '../../../agent-protocol/program/exits.ts';
import { DEFAULTS, HELP, LOG_LEVELS, VARIABLES } from '../../../agent-protocol/program/options.ts';
import { decodePolicy } from '../../../agent-protocol/agent/policy.ts';
import { inProject } from '../../support/project.ts';

describe('the page of the agent program', () => {
  const page = readFileSync(inProject('docs', 'reference', 'agent-program.md'), 'utf8');

  it('has every option, variable, default and level', () => {
    for (const option of HELP.match(/--[a-z-]+/g) ?? []) expect(page, option).to.contain(`\`${option}`);
    for (const variable of Object.values(VARIABLES)) expect(page).to.contain(`\`${variable}\``);
    for (const value of [...Object.values(DEFAULTS), ...LOG_LEVELS]) expect(page).to.contain(`\`${value}\``);
  });

  it('has every exit code, in rows of its own', () => {
    const rows = [...page.matchAll(/^\| (\d) \|/gm)].map(([, code]) => Number(code));
    expect(rows).to.deep.equal(Object.values(EXIT).toSorted((a, b) => a - b));
  });

  it('shows a policy that is one', () => {
    const [, example = ''] = /```json\n(.*?)\n```/s.exec(page) ?? [];
    expect(decodePolicy(Buffer.from(example))).to.have.property('policy');
  });
});
