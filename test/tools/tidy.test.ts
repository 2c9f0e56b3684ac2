// House rules on the inside of files that no linter knows.
// Belongs here: rules that read source text. Does not belong here: import directions (layers.test.ts).
import { expect } from 'chai';
import { codeOf, type SourceFile, sourceFiles } from './sources.ts';

const MAX_LINES = 400;

const failing = (files: readonly SourceFile[], wrong: (file: SourceFile) => boolean): string[] =>
  files.filter(wrong).map(file => file.path);

describe('tidy', () => {
  const product = sourceFiles('engine', 'agent-protocol');
  const all = [...product, ...sourceFiles('test')];

  it('every product file says at its head what belongs in it and what does not', () => {
    const headless = failing(product, file => {
      const head = file.text
        .split('\n')
        .filter(line => !line.startsWith('#!'))
        .slice(0, 12)
        .join('\n');
      return !head.startsWith('//') || !/Belongs here/.test(head) || !/not belong here/.test(head);
    });
    expect(headless).to.deep.equal([]);
  });

  it(`no file is longer than ${MAX_LINES} lines`, () => {
    expect(failing(all, file => file.text.split('\n').length > MAX_LINES)).to.deep.equal([]);
  });

  it('nothing is left open in the code', () => {
    const open = new RegExp(
      ['TO' + 'DO', 'FIX' + 'ME', 'X'.repeat(3), 'not (yet )?imple' + 'mented'].join('|'),
    );
    expect(failing(all, file => open.test(file.text))).to.deep.equal([]);
  });

  it('no default exports, no enums, no any', () => {
    const banned = /^export default|^\s*(export )?(const )?enum |: any\b|as any\b|<any>/m;
    expect(
      failing(
        all.filter(file => !file.path.endsWith('tidy.test.ts')),
        file => banned.test(codeOf(file)),
      ),
    ).to.deep.equal([]);
  });

  it('only the clock adapters read the clock or set timers in runtime, store and agents', () => {
    const timed = /\b(Date\.now|setTimeout|setInterval)\b/;
    const wrong = failing(product, file => {
      const folder = /^engine\/(runtime|store|agents|drivers|bus)\//.test(file.path);
      return folder && !file.path.endsWith('clock.ts') && timed.test(codeOf(file));
    });
    expect(wrong).to.deep.equal([]);
  });
});
