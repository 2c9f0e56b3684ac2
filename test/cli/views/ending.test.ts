import { expect } from 'chai';
import { commandLine, deletedLines, endingLines } from '../../../engine/cli/views/ending.ts';
import { paintLine } from '../../../engine/cli/views/style.ts';
import type { WorkflowView } from '../../../engine/runtime/api.ts';
import { reached, START, stepView, workflowView } from '../../support/workflow-views.ts';

const STYLE = { colour: false, unicode: true };

function ending(view: WorkflowView, width = 80, leading: readonly string[] = []): string[] {
  const lines = endingLines(view, { width, style: STYLE, command: commandLine(leading) });
  return lines.map(line => paintLine(line, 1_000, STYLE));
}

const mistaken = workflowView([], { status: 'complete' }, { port: 5432 });

describe('outputs at the end', () => {
  it('are listed with why some have no value', () => {
    const failure = { name: 'number', absent: false, message: "The expression 'int(x)' at /outputs failed." };
    const lines = endingLines(
      { ...mistaken, outputFailures: [failure] },
      { width: 80, style: { colour: false, unicode: true }, command: commandLine() },
    ).map(line => line.map(({ text }) => text).join(''));
    expect(lines).to.include('  port    5432');
    expect(lines).to.include("  number  no value: The expression 'int(x)' at /outputs failed.");
  });
});

describe('the ending', () => {
  it('of a complete workflow is its outputs, in columns', () => {
    const view = workflowView(
      [stepView('db[0].ready', reached())],
      { status: 'complete', at: START + 72_000 },
      {
        primary: 'db-0',
        connections: ['postgresql://a', 'postgresql://b'],
        port: 5432,
        more: { user: 'app', limits: [1, 2] },
      },
    );
    expect(ending(view)).to.deep.equal([
      '✓ w is complete after 1m12s.',
      '',
      'Outputs',
      '  primary      db-0',
      '  connections  postgresql://a',
      '               postgresql://b',
      '  port         5432',
      '  more         user: app',
      '               limits: [1,2]',
    ]);
  });

  it('never breaks a value that is one word, and wraps sentences', () => {
    const url = `postgresql://${'x'.repeat(100)}`;
    const view = workflowView(
      [],
      { status: 'complete' },
      { url, text: 'some words that do not fit into it' },
    );
    const lines = ending(view, 30);
    expect(lines).to.include(`  url   ${url}`);
    expect(lines.slice(-2)).to.deep.equal(['  text  some words that do not', '        fit into it']);
  });

  it('names failures that the goal did not need', () => {
    const view = workflowView([stepView('db[2].ready', { status: 'failed' })], { status: 'complete' });
    expect(ending(view)[1]).to.equal('  1 failure that the goal did not need: db[2].ready');
  });

  it('of a failed workflow is the step, the exit code, the tail of stderr, and commands that can be pasted', () => {
    const error = {
      kind: 'exit',
      message: 'exited with 3',
      exitCode: 3,
      tail: 'one\ntwo \u001b[31mred\u001b[0m\n',
      phase: 'action',
    } as const;
    const failed = stepView('db[1].copied', { status: 'failed', attempt: 2, error });
    const view = workflowView([failed], {
      status: 'failed',
      at: START + 12_000,
      reason: 'db[1].copied failed',
    });
    expect(ending(view, 80, ['--state-dir', '/var/lib/state of w'])).to.deep.equal([
      '✗ w failed after 12s.',
      '',
      '  db[1].copied on db-1: exit code 3 (attempt 2)',
      '    │ one',
      '    │ two red',
      '',
      'What you can do next',
      '  Go on from here: what failed is tried again, what is done stays:',
      "    murano-workflow resume w --state-dir '/var/lib/state of w'",
      '  Go on without this step, as if it were done:',
      "    murano-workflow skip w 'db[1].copied' --state-dir '/var/lib/state of w'",
      '  See every step:',
      "    murano-workflow status w --state-dir '/var/lib/state of w'",
      '  Undo what was done and remove it:',
      "    murano-workflow delete w --state-dir '/var/lib/state of w'",
    ]);
  });

  it('keeps the last lines of a long tail and the first of many failures', () => {
    const tail = Array.from({ length: 50 }, (_, index) => `line ${index}`).join('\n');
    const steps = Array.from({ length: 9 }, (_, index) =>
      stepView(`db[${index}].ready`, {
        status: 'failed',
        error: { kind: 'exit', message: 'exited with 1', tail, phase: 'action' },
      }),
    );
    const text = ending(workflowView(steps, { status: 'failed' })).join('\n');
    expect(text).to.include('│ line 49').and.not.include('│ line 37\n');
    expect(text).to.include('… and 4 more steps like this.');
  });

  it('of a held workflow says who is waited for and how to answer', () => {
    const held = stepView('db[0].checked', { status: 'paused', cause: 'held_for_operator' });
    const lines = ending(
      workflowView([held], { status: 'held', reason: 'db[0].checked waits for an operator' }),
    );
    expect(lines[0]).to.equal('‖ w is held: only you can move it.');
    expect(lines[2]).to.equal('  db[0].checked on db-0: waits for an operator');
    expect(lines).to.include("    murano-workflow retry w 'db[0].checked'");
    expect(lines).to.include("    murano-workflow skip w 'db[0].checked'");
    expect(lines).to.include("    murano-workflow fail w 'db[0].checked'");
  });

  it('of a deletion that went wrong offers to try again and to abandon', () => {
    const view = workflowView([stepView('db[0].ready', { status: 'failed', cause: 'undo_failed' })], {
      status: 'delete_failed',
    });
    expect(ending(view)).to.include('    murano-workflow delete w --abandon');
  });

  it('of a deletion lists what could not be undone, with why', () => {
    const error = {
      kind: 'exit',
      message: 'It ended with exit code 4.',
      exitCode: 4,
      tail: 'still attached\n',
      phase: 'undo',
    } as const;
    const said = (residue: Parameters<typeof deletedLines>[1]): string[] =>
      deletedLines('w', residue, 80, STYLE).map(line => paintLine(line, 1_000, STYLE));
    const { record } = stepView('db[0].ready', {
      status: 'undone',
      cause: 'undo_failed',
      agent: 'w-db-0',
      error,
    });
    const lines = said([{ step: 'db[0].ready', record }]);
    expect(lines[0]).to.equal('w is deleted.');
    expect(lines[1]).to.include('1 step could not be undone');
    expect(lines[2]).to.include('db[0].ready by w-db-0').and.include('4');
    expect(lines[3]).to.include('still attached');
    expect(said([])).to.deep.equal(['w is deleted.']);
  });

  it('is nothing while the workflow moves', () => {
    expect(ending(workflowView([], { status: 'running' }))).to.deep.equal([]);
  });
});
