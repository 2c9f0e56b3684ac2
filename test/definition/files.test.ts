// The action `file`: templates in files of their own, and downloads, as they are written and refused.
import { expect } from 'chai';
import type { FileAction } from '../../engine/definition/types.ts';
import { definitionOf, groupWith, parse, stateOf, texts } from './support/parsing.ts';

const SUM = 'a'.repeat(64);
const with_ = (fields: string, top = ''): string =>
  groupWith(`done: {action: {file: {path: /etc/x, ${fields}}}}`, { top });
const refusals = (fields: string, files = {}, top = ''): string[] => texts(parse(with_(fields, top), files));
const fileOf = (fields: string, files = {}): FileAction => {
  const { action } = stateOf(definitionOf(parse(with_(fields), files)), 'sql', 'done');
  if (action?.kind !== 'file') throw new Error('no file');
  return action;
};

describe('a template in a file of its own', () => {
  it('expressions 9: is a template only with template: true; a script in a file never is', () => {
    const files = { 'x.conf': 'port = <% 1 + 1 %>' };
    expect(fileOf('file: x.conf', files).content.kind).to.equal('copy');
    expect(fileOf('file: x.conf, template: true', files).content.kind).to.equal('template');
    const script = parse(groupWith('done: {action: {script: {sh: {file: a.sh}}}}'), {
      'a.sh': 'echo <% typo.x %>',
    });
    expect(texts(script).filter(text => !text.includes('warning'))).to.deep.equal([]);
  });

  it('has its mistakes where they stand: in that file, with line and column', () => {
    const files = { 'app.conf': '[app]\nname = x\nport = <% inputs.prot %>\n  host = <% sql.membres %>\n' };
    const found = refusals('file: app.conf, template: true', files, 'inputs: {port: {type: integer}}');
    expect(found).to.have.lengthOf(2);
    expect(found[0]).to.match(/^app\.conf:3:8: .*prot.*Did you mean 'port'\?/);
    expect(found[1]).to.match(/^app\.conf:4:10: .*membres/);
    expect(refusals('file: app.conf, template: true', { 'app.conf': 'a\nb <% 1\n' })[0]).to.match(
      /^app\.conf:2:3: .*'<%' without '%>'/,
    );
  });

  it('has them there as well when the definition came as a map', () => {
    const file = { path: '/etc/x', file: 'app.conf', template: true };
    const states = { done: { action: { file } } };
    const map = {
      workflow_version: '2026-11-01',
      entities: { sql: { type: 'vm', states } },
      goal: 'sql.done',
    };
    const { problems } = parse(map, { 'app.conf': 'a\n<% nobody %>' });
    expect(problems[0]).to.include({
      file: 'app.conf',
      pointer: '/entities/sql/states/done/action/file/file',
    });
    expect(problems[0]?.position).to.deep.equal({ line: 2, column: 1 });
  });

  it('stays text, even where one expression is all of it', () => {
    const { content } = fileOf('file: x.conf, template: true', { 'x.conf': '<% [1, 2] %>\n' });
    expect(content.kind === 'template' && content.template.root.kind).to.equal('text');
  });

  it('has no meaning beside content', () => {
    expect(refusals('content: a, template: true').join()).to.contain(
      "template of the file of sql.done goes with 'file'",
    );
  });
});

describe('a download', () => {
  it('takes an address and a sum, which may both be computed', () => {
    expect(fileOf(`url: "https://example.org/a.tgz", sha256: ${SUM}`).content).to.include({
      kind: 'download',
    });
    const computed = with_(
      'url: "https://<% inputs.host %>/a", sha256: "<% inputs.sum %>"',
      'inputs: {host: {type: string}, sum: {type: string}}',
    );
    expect(texts(parse(computed))).to.deep.equal([]);
  });

  it('is refused without a sum, and with one that is none', () => {
    expect(refusals('url: "https://example.org/a"').join()).to.contain("needs 'sha256'");
    expect(refusals('url: "https://example.org/a", sha256: abc').join()).to.contain('64 hexadecimal digits');
    expect(refusals(`content: a, sha256: ${SUM}`).join()).to.contain("goes with 'url'");
  });

  it('is refused from anything but http and https, and with a password in the address', () => {
    for (const url of ['ftp://example.org/a', 'file:///etc/passwd', 'example.org/a'])
      expect(refusals(`url: "${url}", sha256: ${SUM}`).join(), url).to.contain('is no http or https address');
    const text = refusals(`url: "https://me:secret@example.org/a", sha256: ${SUM}`).join();
    expect(text).to.contain('holds a user or password').and.not.contain('secret@');
    expect(refusals(`url: "https://example.org/${'a'.repeat(2_100)}", sha256: ${SUM}`).join()).to.contain(
      '2048',
    );
  });

  it('is refused from a hidden address: it would show on the machine', () => {
    const text = with_(
      `url: "https://example.org/a?key=<% inputs.key %>", sha256: ${SUM}`,
      'inputs: {key: {type: string, hidden: true}}',
    );
    expect(texts(parse(text)).join()).to.contain('url of sql.done would show a hidden value.');
  });
});
