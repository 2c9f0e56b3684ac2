// A download as a command: what was computed is judged before it is sent.
import { expect } from 'chai';
import type { Action } from '../../engine/definition/types.ts';
import { definition, entity, literal, membership, state } from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const SUM = 'a'.repeat(64);
const begun = (url: string, sha256 = SUM): Workflow => {
  const content = { kind: 'download', url: literal(url), sha256: literal(sha256) } as const;
  const action: Action = { kind: 'file', path: literal('/opt/a'), content };
  const entities = [entity('g', { states: [state('g', 'a', { action })] })];
  return new Workflow(definition(entities, ['g.a']), membership({ g: 1 })).create();
};

describe('a download', () => {
  it('is sent as its address and its sum', () => {
    expect(begun('https://example.org/a').record('g[0].a')?.command?.action).to.deep.include({
      kind: 'file',
      content: { url: 'https://example.org/a', sha256: SUM },
    });
  });

  it('fails, and is not sent, when what was computed is no address or no sum', () => {
    for (const [url, sum, says] of [
      ['ftp://example.org/a', SUM, 'is no http or https address'],
      ['https://me@example.org/a', SUM, 'holds a user or password'],
      ['https://example.org/a', 'abc', '64 hexadecimal digits'],
    ] as const) {
      const w = begun(url, sum);
      expect(w.status('g[0].a')).to.equal('failed');
      expect(w.reason).to.contain(says);
    }
  });
});
