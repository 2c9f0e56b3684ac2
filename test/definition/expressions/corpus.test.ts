// The corpus: what each expression gives, and how each wrong one is refused.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JsonValue } from '../../../engine/base/json.ts';
import type { ExpressionPlace } from '../../../engine/definition/expressions/types.ts';
import { projectRoot } from '../../support/project.ts';
import { outcome, place } from './fixture.ts';

interface Row {
  readonly group: string;
  readonly expression: string;
  readonly value?: JsonValue;
  readonly problems?: readonly string[];
  readonly fails?: string;
  readonly absent?: boolean;
}

interface Refusal {
  readonly expression: string;
  readonly use?: ExpressionPlace['use'];
  readonly code: string;
  /** Part of the message and its hint. */
  readonly says: string;
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(projectRoot, 'test/definition/expressions', name), 'utf8'));
}

describe('the corpus of expressions', () => {
  const rows = read('corpus.json') as readonly Row[];

  it('has at least 400 rows', () => {
    expect(rows.length).to.be.at.least(400);
  });

  for (const group of new Set(rows.map(row => row.group))) {
    it(`gives what is written for ${group}`, () => {
      for (const row of rows.filter(one => one.group === group)) checkRow(row);
    });
  }
});

function checkRow(row: Row): void {
  const found = outcome(`<% ${row.expression} %>`);
  if (row.problems !== undefined) {
    expect(found, row.expression).to.have.property('problems').that.deep.equals(row.problems);
  } else if (row.fails !== undefined) {
    expect(found, row.expression).to.have.property('failed').that.includes(row.fails);
    expect(found, row.expression).to.have.property('absent', row.absent ?? false);
  } else expect(found, row.expression).to.deep.equal({ value: row.value });
}

describe('the corpus of refused expressions', () => {
  const rows = read('refused.json') as readonly Refusal[];

  it('has at least 60 rows', () => {
    expect(rows.length).to.be.at.least(60);
  });

  for (const code of new Set(rows.map(row => row.code))) {
    it(`refuses with ${code} and says what to write`, () => {
      for (const row of rows.filter(one => one.code === code)) checkRefusal(row);
    });
  }
});

function checkRefusal({ expression, use, code, says }: Refusal): void {
  const found = outcome(`<% ${expression} %>`, place(use ? { use } : {}));
  expect(found, expression).to.have.property('problems').that.includes(code);
  expect((found as { texts: readonly string[] }).texts.join('\n'), expression).to.include(says);
}
