import { expect } from 'chai';
import { problemLines } from '../../../engine/cli/views/problems.ts';
import { paintLine } from '../../../engine/cli/views/style.ts';
import type { Problem } from '../../../engine/definition/problems.ts';

const STYLE = { colour: false, unicode: true };
const shown = (problems: readonly Problem[], source?: string): string[] =>
  problemLines(problems, source === undefined ? {} : { 'a.yaml': source }, STYLE).map(line =>
    paintLine(line, 200, STYLE),
  );

const unknown: Problem = {
  code: 'unknown_name',
  pointer: '/goal',
  position: { line: 2, column: 8 },
  file: 'a.yaml',
  message: "goal names unknown state 'deployd'.",
  hint: "Did you mean 'deployed'?",
  severity: 'error',
};

describe('problems of a definition', () => {
  it('stand with their place, their line and a caret, and are counted', () => {
    expect(shown([unknown], 'x: 1\n\tgoal: service.deployd\n')).to.deep.equal([
      "a.yaml:2:8: goal names unknown state 'deployd'. Did you mean 'deployed'?",
      '  2 │     goal: service.deployd',
      '    │           ^',
      '',
      '1 problem.',
    ]);
  });

  it('of a file that the definition names stand with the line of that file', () => {
    const problem = { ...unknown, file: 'app.conf', position: { line: 1, column: 3 } };
    const lines = problemLines([problem], { 'a.yaml': 'x: 1', 'app.conf': 'a <% b %>' }, STYLE);
    expect(lines.map(line => paintLine(line, 200, STYLE))[1]).to.equal('  1 │ a <% b %>');
  });

  it('stand with their pointer where the definition was no text', () => {
    const { position: _position, ...map } = unknown;
    expect(shown([map])[0]).to.match(/^\/goal: goal names/);
  });

  it('count warnings apart', () => {
    expect(shown([unknown, { ...unknown, severity: 'warning' }, unknown]).at(-1)).to.equal(
      '2 problems and 1 warning.',
    );
  });

  it('show of a very long line what stands around the place', () => {
    const source = `${'a'.repeat(5_000)}b${'c'.repeat(5_000)}`;
    const [, line = '', caret = ''] = shown([{ ...unknown, position: { line: 1, column: 5_001 } }], source);
    expect(line).to.match(/^ {2}1 │ \.\.\. a+bc+ \.\.\.$/);
    expect(line.length).to.be.below(140);
    expect(caret.indexOf('^')).to.equal(line.indexOf('b'));
  });

  it('show a hostile source line as harmless text', () => {
    const lines = shown([{ ...unknown, position: { line: 1, column: 3 } }], 'a\u001b[2Jb: 東c');
    expect(lines[1]).to.equal('  1 │ ab: 東c');
  });
});
