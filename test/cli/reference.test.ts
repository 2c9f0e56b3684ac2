import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Command } from 'commander';
import { EXIT_CODES, EXIT_OF_ERROR } from '../../engine/cli/exits.ts';
import { buildProgram } from '../../engine/cli/program.ts';
import { ERROR_CODES } from '../../engine/base/errors.ts';
import { inProject } from '../support/project.ts';

const text = readFileSync(inProject('docs', 'reference', 'cli.md'), 'utf8');
const sections = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map(section => [section.slice(0, section.indexOf('\n')), section] as const),
);
const rows = (section: string, first: RegExp): string[] =>
  [...section.matchAll(first)].map(match => match[1] as string);

const nothing = () => {
  throw new Error('not called');
};
const { command: program } = buildProgram('0', { out: () => undefined, err: () => undefined }, nothing);
const usage = (command: Command): string =>
  [
    command.name(),
    ...command.registeredArguments.map(word => (word.required ? `<${word.name()}>` : `[${word.name()}]`)),
  ].join(' ');

describe('the reference of the command line', () => {
  it('has a section for each command, and none for others', () => {
    const documented = [...sections.keys()].filter(name => name !== 'Exit codes');
    expect(documented.sort()).to.deep.equal(program.commands.map(command => command.name()).sort());
  });

  for (const command of program.commands) {
    it(`says of ${command.name()} which arguments and options it takes, and no others`, () => {
      const section = sections.get(command.name()) ?? '';
      expect(section).to.include(`\`murano-workflow ${usage(command)}\``);
      const options = command.options.filter(option => option.long !== '--help').map(option => option.flags);
      expect(rows(section, /^\| `((?:-\w, )?--[^`]+)` \|/gm).sort()).to.deep.equal(options.sort());
    });
  }

  it('has all exit codes with their meaning, and no others', () => {
    const documented = [...(sections.get('Exit codes') ?? '').matchAll(/^\| (\d+) \| (.+) \|$/gm)];
    expect(Object.fromEntries(documented.map(([, code, meaning]) => [code, meaning]))).to.deep.equal({
      ...EXIT_CODES,
    });
  });

  it('gives every error code an exit code that exists', () => {
    expect(Object.keys(EXIT_OF_ERROR).sort()).to.deep.equal(Object.keys(ERROR_CODES).sort());
    for (const code of Object.values(EXIT_OF_ERROR)) expect(EXIT_CODES).to.have.property(String(code));
  });
});
