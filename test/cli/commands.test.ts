import { expect } from 'chai';
import type { LogEntry } from '../../engine/runtime/ports.ts';
import type { WorkflowStatus } from '../../engine/machine/types.ts';
import { language } from '../../engine/cli/language.ts';
import { inProject } from '../support/project.ts';
import { callCli, FakeEngine } from '../support/fake-engine.ts';
import { reached, START, stepRecord, stepView, workflowView } from '../support/workflow-views.ts';

const step = stepView('db[0].ready', reached());

function engineWith(status: WorkflowStatus, more: { reason?: string } = {}): FakeEngine {
  const engine = new FakeEngine();
  engine.workflows.set(
    'w',
    workflowView([step], { status, ...more }, status === 'complete' ? { port: 5432 } : {}),
  );
  return engine;
}

const becomes = (engine: FakeEngine, status: WorkflowStatus): void => {
  engine.workflows.set('w', workflowView([step], { status }));
};

const entry = (seq: number, status: 'running' | 'reached'): LogEntry => ({
  seq,
  at: START + seq * 1_000,
  change: { kind: 'step', step: 'db[0].ready', from: 'ready', record: stepRecord({ status, attempt: 1 }) },
});

describe('commands', () => {
  it('without words show the help and count as wrong usage', async () => {
    const called = await callCli({ engine: new FakeEngine() });
    expect(called.code).to.equal(2);
    expect(called.err).to.include('Usage: murano-workflow').and.include('Exit codes:');
  });

  it('show help and version when asked', async () => {
    const help = await callCli({ engine: new FakeEngine() }, 'run', '--help');
    expect(help.code).to.equal(0);
    expect(help.out).to.include('Examples:').and.include('--members');
    expect(await callCli({ engine: new FakeEngine() }, '--version')).to.deep.equal({
      code: 0,
      out: '1.2.3\n',
      err: '',
    });
  });

  it('say what was probably meant', async () => {
    const command = await callCli({ engine: new FakeEngine() }, 'vaildate', 'x');
    expect(command.code).to.equal(2);
    expect(command.err).to.equal(
      "murano-workflow: unknown command 'vaildate'. Did you mean validate? See: murano-workflow --help\n",
    );
    const option = await callCli({ engine: new FakeEngine() }, 'run', 'x', '--memebrs', 'db=1');
    expect(option.err).to.include('Did you mean --members?').and.include('murano-workflow run --help');
  });

  it('tell wrong usage as JSON to who asked for JSON', async () => {
    const called = await callCli({ engine: new FakeEngine() }, 'status', '--json', '--wrong');
    expect(called.code).to.equal(2);
    expect(JSON.parse(called.out).error.code).to.equal('usage');
    expect(called.err).to.equal('');
  });

  it('draw the graph in the terminal, as SVG and as mermaid text', async () => {
    const file = inProject('docs', 'examples', 'hello', '4-role-and-once.workflow.yaml');
    const surroundings = { engine: new FakeEngine(), language, directory: '/' };
    const graph = async (...words: readonly string[]): Promise<string> =>
      (await callCli({ ...surroundings, terminal: { live: true } }, 'graph', file, ...words)).out;
    expect(await graph('--members', 'web=4')).to.match(/^● web\.online +online, each of 4$/m);
    expect((await callCli(surroundings, 'graph', file)).out).to.match(/^flowchart TD\n/);
    expect(await graph('--format', 'mermaid')).to.match(/^flowchart TD\n/);
    expect(await graph('--format', 'svg')).to.match(/^<svg [^]*<\/svg>\n$/);
    expect(JSON.parse(await graph('--format', 'text', '--json')).text).to.include('◉ service.');
    const ascii = { style: { colour: false, unicode: false }, live: true };
    expect((await callCli({ ...surroundings, terminal: ascii }, 'graph', file)).out).to.match(/^[ -~\n]*$/);
  });

  it('put what a state comes after below it where the terminal is narrow, with the rails going on', async () => {
    const file = inProject('docs', 'examples', 'sql-server-always-on', 'sql-cluster.workflow.yaml');
    const drawn = async (width: number): Promise<readonly string[]> => {
      const terminal = { live: true, size: () => ({ width, height: 24 }) };
      const { out } = await callCli(
        { engine: new FakeEngine(), language, directory: '/', terminal },
        'graph',
        file,
      );
      return out.split('\n');
    };
    expect(await drawn(80)).to.include('│     after all of sql.prerequisites_installed');
    expect((await drawn(80)).every(line => line.length <= 80)).to.equal(true);
    expect(
      (await drawn(120)).some(line =>
        line.endsWith('lowest index             after all of sql.prerequisites_installed'),
      ),
    ).to.equal(true);
  });

  it('draw no graph of members that the definition does not have', async () => {
    const surroundings = {
      engine: new FakeEngine(),
      language,
      directory: inProject('docs', 'examples', 'hello'),
    };
    const file = '3-group-and-barrier.workflow.yaml';
    const wrong = await callCli(surroundings, 'graph', file, '--members', 'wob=3');
    expect(wrong.code).to.equal(2);
    // What `graph` and `run` were asked for goes to stdout, and problems are not that.
    expect(wrong.out).to.equal('');
    expect(wrong.err).to.include("--members/wob: There is no entity 'wob'. Did you mean 'web'?");
    const right = await callCli(surroundings, 'graph', file, '--members', 'web=3');
    expect(right.code).to.equal(0);
    expect(right.out).to.include('web[2].introduced');
  });

  it('answer 5 for a workflow that is not there', async () => {
    for (const name of ['status', 'events', 'resume', 'delete', 'cancel'])
      expect((await callCli({ engine: new FakeEngine() }, name, 'w')).code, name).to.equal(5);
    expect((await callCli({ engine: engineWith('complete') }, 'status', 'other')).code).to.equal(5);
  });

  it('answer 5 for a step that is not there', async () => {
    const called = await callCli({ engine: engineWith('failed') }, 'retry', 'w', 'db[7].ready');
    expect(called.code).to.equal(5);
    expect(called.err).to.equal("murano-workflow: w has no step db[7].ready. Did you mean 'db[0].ready'?\n");
  });

  it('list nothing where there is nothing, without an error', async () => {
    const called = await callCli({ engine: new FakeEngine() }, 'status');
    expect(called).to.deep.include({
      code: 0,
      out: 'No workflows here. Start one with: murano-workflow run FILE\n',
    });
    expect(JSON.parse((await callCli({ engine: new FakeEngine() }, 'status', '--json')).out)).to.deep.equal({
      workflows: [],
    });
  });

  it('resume a failed workflow and watch it to its end', async () => {
    const engine = engineWith('failed');
    engine.onRequest = () => becomes(engine, 'complete');
    const called = await callCli({ engine }, 'resume', 'w');
    expect(engine.acted).to.deep.equal([
      { requestId: 'request-1', workflow: 'w', by: 'tester', kind: 'resume' },
    ]);
    expect(called.code).to.equal(0);
    expect(called.out).to.include('No engine was running here').and.include('w is complete');
  });

  it('only watch, on resume, what moves or is done', async () => {
    const engine = engineWith('complete');
    const called = await callCli({ engine }, 'resume', 'w');
    expect(engine.acted).to.deep.equal([]);
    expect(called.out).to.include('port  5432');
  });

  it('answer with the code of the end that was reached', async () => {
    const ends: [WorkflowStatus, number][] = [
      ['complete', 0],
      ['failed', 1],
      ['held', 3],
    ];
    for (const [status, code] of ends) {
      const engine = engineWith('failed');
      engine.onRequest = () => becomes(engine, status);
      expect((await callCli({ engine }, 'retry', 'w')).code, status).to.equal(code);
    }
  });

  it('answer 6 for what the machine refuses, in its own words', async () => {
    const engine = engineWith('complete');
    engine.answer = {
      status: 'rejected',
      code: 'not_allowed',
      message: 'db[0].ready is reached',
      next: 'Nothing to retry.',
    };
    const called = await callCli({ engine }, 'retry', 'w', 'db[0].ready');
    expect(called.code).to.equal(6);
    expect(called.err).to.equal('murano-workflow: db[0].ready is reached. Nothing to retry.\n');
  });

  it('read the outputs of a skipped step as YAML values', async () => {
    const engine = engineWith('held');
    engine.onRequest = () => becomes(engine, 'complete');
    await callCli(
      { engine },
      'skip',
      'w',
      'db[0].ready',
      '--outputs',
      'port=5432',
      'name="5432"',
      'list=[a, b]',
    );
    expect(engine.acted[0]).to.deep.include({ outputs: { port: 5432, name: '5432', list: ['a', 'b'] } });
  });

  it('hand a request to the running engine and leave', async () => {
    const engine = engineWith('failed');
    const called = await callCli({ engine, kind: 'attached' }, 'retry', 'w', 'db[0].ready');
    expect(called.code).to.equal(0);
    expect(called.out).to.equal(
      'db[0].ready is tried again.\nThe running engine goes on with it. Watch: murano-workflow events w --follow\n',
    );
  });

  it('see a deletion through: an erased workflow is a deleted one', async () => {
    const engine = engineWith('complete');
    engine.onRequest = id => engine.workflows.delete(id);
    const called = await callCli({ engine }, 'delete', 'w', '--abandon');
    expect(engine.acted[0]).to.deep.include({ kind: 'delete', abandon: true });
    expect(called.code).to.equal(0);
    expect(called.out).to.include('w is deleted.');
  });

  it('tell each transition once, those of the past and those that come', async () => {
    const engine = engineWith('failed');
    engine.log.push(entry(1, 'running'));
    engine.onRequest = () => {
      becomes(engine, 'running');
      setTimeout(() => {
        engine.happen({ kind: 'log', entry: entry(2, 'reached') });
        becomes(engine, 'complete');
      }, 20);
    };
    const called = await callCli({ engine }, 'resume', 'w');
    expect(called.out.match(/db\[0\]\.ready/g)).to.have.length(2);
    expect(called.out).to.match(
      /0:01 ⠋ db\[0\]\.ready \(db-0\) +running\n +0:02 ✓ db\[0\]\.ready \(db-0\) +reached\n/,
    );
  });

  it('stream JSON lines, and end with one that tells the end', async () => {
    const engine = engineWith('failed');
    engine.log.push(entry(1, 'reached'));
    engine.onRequest = () => becomes(engine, 'complete');
    const called = await callCli({ engine }, 'resume', 'w', '--json');
    const lines = called.out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(lines.map(line => line.kind)).to.deep.equal(['log', 'end']);
    expect(lines.at(-1)).to.deep.include({ workflow: 'w', status: 'complete', exitCode: 0 });
  });

  it('end on Ctrl-C with 130, and say how to go on', async () => {
    const engine = engineWith('failed');
    engine.onRequest = () => becomes(engine, 'running');
    const called = await callCli(
      { engine, interrupt: press => void setTimeout(press, 20) },
      'resume',
      'w',
      '--state-dir',
      '/x',
    );
    expect(called.code).to.equal(130);
    expect(called.out)
      .to.include('Scripts that run now go on')
      .and.include('murano-workflow resume w --state-dir /x');
  });

  it('say so when the engine they watch goes away', async () => {
    const engine = engineWith('running');
    engine.follow = async function* () {};
    const called = await callCli({ engine, kind: 'attached' }, 'resume', 'w');
    expect(called.code).to.equal(4);
    expect(called.err).to.include('has stopped').and.include('murano-workflow resume w');
  });

  it('draw in place on a terminal, and give the cursor back', async () => {
    const engine = engineWith('failed');
    engine.onRequest = () => {
      becomes(engine, 'running');
      setTimeout(() => becomes(engine, 'complete'), 250);
    };
    engine.log.push(entry(1, 'reached'));
    setTimeout(() => engine.happen({ kind: 'log', entry: entry(2, 'reached') }), 280);
    const { out } = await callCli({ engine, terminal: { live: true } }, 'resume', 'w');
    expect(out).to.include('\u001b[?25l').and.include('\u001b[3A\u001b[J');
    expect(out.lastIndexOf('\u001b[?25h')).to.be.greaterThan(out.lastIndexOf('\u001b[?25l'));
    expect(out).to.include('w  complete');
  });

  it('show the events of the past, and no more where no engine runs', async () => {
    const engine = engineWith('complete');
    engine.log.push(entry(1, 'running'), entry(2, 'reached'));
    const called = await callCli({ engine }, 'events', 'w', '--follow', '--after', '1');
    expect(called.out).to.match(/^ 0:02 ✓ db\[0\]\.ready \(db-0\) +reached\nNo engine runs here/);
  });
});
