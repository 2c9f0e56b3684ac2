import { existsSync } from 'node:fs';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { takeLock } from '../../engine/store/sqlite/lock.ts';
import { openStateDirectory } from '../../engine/store/state-directory.ts';
import { jsonLines, Workplace } from '../support/cli-process.ts';

const STATE = ['--state-dir', 'state'];

const HELLO = `
workflow_version: 2026-11-01
inputs:
  who: {type: string, default: world}
entities:
  web:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      online: {action: {online: {}}}
      greeted:
        requires: [online]
        action:
          script:
            bash: |
              echo "saying hello"
              printf '%s' "Hello $who" >"\${heat_outputs_path}.text"
            inputs: {who: "<% inputs.who %>"}
        outputs: {text: {type: string}}
goal: web.greeted
outputs:
  greetings: {value: "<% web.members.map(m, m.outputs.greeted.text) %>"}
`;

/** One script that tells when it starts and goes on when it may; what it does is undone. */
const slow = (directory: string): string => `
workflow_version: 2026-11-01
entities:
  web:
    type: vm
    states:
      online: {action: {online: {}}}
      worked:
        requires: [online]
        action:
          script:
            bash: |
              echo started >>"${directory}/started"
              # Said again and again: a piece of live output may be lost.
              until [ -e "${directory}/go" ]; do echo at work; sleep 0.05; done
              echo done >>"${directory}/done"
        undo: {script: {bash: 'rm -f "${directory}/done"'}}
goal: web.worked
`;

const BROKEN = `
workflow_version: 2026-11-01
entities:
  web:
    type: vm
    states:
      online: {action: {online: {}}}
      greeted: {requires: [onlin], acton: {online: {}}}
goal: web.greted
`;

describe('the command, as a process', () => {
  it('runs a workflow to its outputs, and runs it again as the same one', async () => {
    const place = await Workplace.make({ 'hello.workflow.yaml': HELLO });
    const first = await place.run(
      'run',
      'hello.workflow.yaml',
      '--members',
      'web=2',
      '--inputs',
      'who=Ada',
      ...STATE,
    );
    expect(first.err).to.equal('');
    expect(first.code).to.equal(0);
    expect(first.out).to.include('web[1].greeted (web-1)').and.include('hello is complete');
    expect(first.out).to.match(/greetings {2}Hello Ada\n +Hello Ada\n/);
    const again = await place.run(
      'run',
      'hello.workflow.yaml',
      '--members',
      'web=2',
      '--inputs',
      'who=Ada',
      ...STATE,
    );
    expect(again.code).to.equal(0);
    expect(again.out).to.include('hello is there already').and.include('Hello Ada');
    const other = await place.run(
      'run',
      'hello.workflow.yaml',
      '--members',
      'web=2',
      '--inputs',
      'who=Bob',
      ...STATE,
    );
    expect(other.code).to.equal(6);
    expect(other.err).to.include('murano-workflow delete hello').and.include('--name');
  });

  it('shows what scripts print when asked, and only then', async () => {
    const place = await Workplace.make({ 'hello.yaml': HELLO });
    const quiet = await place.run('run', 'hello.yaml', '--name', 'one', ...STATE);
    expect(quiet.out).not.to.include('saying hello');
    const verbose = await place.run('run', 'hello.yaml', '--name', 'two', '--verbose', ...STATE);
    expect(verbose.out).to.include('| saying hello');
  });

  it('shows every problem of a definition with its line, and starts nothing', async () => {
    const place = await Workplace.make({ 'broken.yaml': BROKEN });
    const { code, out } = await place.run('validate', 'broken.yaml');
    expect(code).to.equal(2);
    expect(out).to.include('broken.yaml:8:28: ').and.include("Did you mean 'online'?");
    expect(out)
      .to.include("'acton'")
      .and.include("Did you mean 'action'?")
      .and.include("Did you mean 'greeted'?");
    expect(out).to.match(/8 │ .*greeted: .*\n +│ +\^\n/);
    expect(out).to.match(/\n3 problems\.\n$/);
    const run = await place.run('run', 'broken.yaml', ...STATE);
    expect(run.code).to.equal(2);
    expect(existsSync(place.path('state'))).to.equal(false);
    const json = await place.run('validate', 'broken.yaml', '--json');
    expect(JSON.parse(json.out).problems).to.have.length(3);
  });

  it('refuses inputs and members that do not fit, before anything is started', async () => {
    const place = await Workplace.make({ 'hello.yaml': HELLO });
    const inputs = await place.run('run', 'hello.yaml', '--inputs', 'hwo=x', ...STATE);
    expect(inputs.code).to.equal(2);
    expect(inputs.err).to.include("Did you mean 'who'?");
    const members = await place.run('run', 'hello.yaml', '--members', 'web=10', ...STATE);
    expect(members.code).to.equal(2);
    expect(members.err).to.include('it must have 1 to 9');
    expect(existsSync(place.path('state'))).to.equal(false);
  });

  it('draws the graph of the states, or of the steps', async () => {
    const place = await Workplace.make({ 'hello.yaml': HELLO });
    const states = await place.run('graph', 'hello.yaml');
    expect(states.out).to.match(/^flowchart/);
    const steps = await place.run('graph', 'hello.yaml', '--members', 'web=3', '--json');
    expect(JSON.parse(steps.out).mermaid).to.include('web[2].greeted');
  });

  it('speaks JSON only, when asked for JSON', async () => {
    const place = await Workplace.make({ 'hello.yaml': HELLO });
    const run = await place.run('run', 'hello.yaml', '--json', ...STATE);
    const lines = jsonLines(run.out);
    expect(lines.at(-1)).to.deep.include({ kind: 'end', status: 'complete', exitCode: 0 });
    expect(lines.at(-1)?.['outputs']).to.deep.equal({ greetings: ['Hello world'] });
    expect(lines.filter(line => line['kind'] === 'log')).not.to.have.length(0);
    expect(JSON.parse((await place.run('status', '--json', ...STATE)).out).workflows[0].status).to.equal(
      'complete',
    );
    expect(JSON.parse((await place.run('status', 'hello', '--json', ...STATE)).out).steps).to.have.length(2);
    expect(jsonLines((await place.run('events', 'hello', '--json', ...STATE)).out)[0]).to.include({
      kind: 'log',
    });
    const gone = await place.run('status', 'nobody', '--json', ...STATE);
    expect(gone.code).to.equal(5);
    expect(JSON.parse(gone.out).error.code).to.equal('not_found');
    expect(gone.err).to.equal('');
  });

  it('goes on after kill -9: the script that ran is adopted, and ran once', async () => {
    const place = await Workplace.make();
    await writeFile(place.path('slow.yaml'), slow(place.directory));
    const first = place.start('run', 'slow.yaml', '--verbose', ...STATE);
    await first.said('| at work');
    first.child.kill('SIGKILL');
    expect((await first.ended).signal).to.equal('SIGKILL');
    const second = place.start('run', 'slow.yaml', ...STATE);
    await second.said('going on with it');
    await writeFile(place.path('go'), '');
    const ended = await second.ended;
    expect(ended.code, ended.out + ended.err).to.equal(0);
    expect(place.lines('started')).to.deep.equal(['started']);
    expect(place.lines('done')).to.deep.equal(['done']);
  });

  it('stops in order on Ctrl-C, leaves the script at work, and resumes', async () => {
    const place = await Workplace.make();
    await writeFile(place.path('slow.yaml'), slow(place.directory));
    const first = place.start('run', 'slow.yaml', '--verbose', ...STATE);
    await first.said('| at work');
    first.child.kill('SIGINT');
    const stopped = await first.ended;
    expect(stopped.code).to.equal(130);
    expect(stopped.out)
      .to.include('Scripts that run now go on')
      .and.include('murano-workflow resume slow --state-dir state');
    await writeFile(place.path('go'), '');
    const resumed = await place.run('resume', 'slow', ...STATE);
    expect(resumed.code, resumed.out + resumed.err).to.equal(0);
    expect(place.lines('started')).to.deep.equal(['started']);
  });

  it('talks to the engine that runs, and sees it out', async () => {
    const place = await Workplace.make();
    await writeFile(place.path('slow.yaml'), slow(place.directory));
    const engine = place.start('run', 'slow.yaml', '--verbose', ...STATE);
    await engine.said('| at work');
    const status = await place.run('status', 'slow', ...STATE);
    expect(status.out).to.match(/worked +running/);
    const follower = place.start('events', 'slow', '--follow', ...STATE);
    await follower.said('web.worked');
    const second = place.start('run', 'slow.yaml', ...STATE);
    await second.said('is there already');
    await writeFile(place.path('hello.yaml'), HELLO);
    const beside = await place.run('run', 'hello.yaml', ...STATE);
    expect(beside.code, beside.out + beside.err).to.equal(0);
    const deleted = await place.run('delete', 'hello', ...STATE);
    expect(deleted.code, deleted.out + deleted.err).to.equal(0);
    await writeFile(place.path('go'), '');
    expect((await engine.ended).code).to.equal(0);
    const followed = await follower.ended;
    expect(followed.out).to.include('complete');
    expect(followed.code, followed.err).to.equal(0);
    const watched = await second.ended;
    expect(watched.code, watched.err).to.equal(0);
    expect(watched.out).to.include('slow is complete');
  });

  it('deletes by undoing, and leaves no process and no directory', async () => {
    const place = await Workplace.make({ go: '' });
    await writeFile(place.path('slow.yaml'), slow(place.directory));
    expect((await place.run('run', 'slow.yaml', ...STATE)).code).to.equal(0);
    expect(place.lines('done')).to.deep.equal(['done']);
    const deleted = await place.run('delete', 'slow', ...STATE);
    expect(deleted.code, deleted.out + deleted.err).to.equal(0);
    expect(place.lines('done')).to.deep.equal([]);
    expect(existsSync(place.path('state'))).to.equal(false);
    expect(place.processes()).to.deep.equal([]);
    expect((await place.run('run', 'slow.yaml', ...STATE)).code, 'its name is free again').to.equal(0);
  });

  it('does not bring a deleted workflow back under its name while others are kept beside it', async () => {
    const place = await Workplace.make({ 'hello.yaml': HELLO });
    await place.run('run', 'hello.yaml', '--name', 'kept', ...STATE);
    await place.run('run', 'hello.yaml', ...STATE);
    await place.run('delete', 'hello', ...STATE);
    const again = await place.run('run', 'hello.yaml', ...STATE);
    expect(again.code, again.out + again.err).to.equal(6);
    expect(again.err).to.include('was deleted').and.include('--name hello-2');
    expect((await place.run('status', 'kept', ...STATE)).code).to.equal(0);
  });

  it('abandons in the middle without undoing, and ends what runs', async () => {
    const place = await Workplace.make();
    await writeFile(place.path('slow.yaml'), slow(place.directory));
    const run = place.start('run', 'slow.yaml', '--verbose', ...STATE);
    await run.said('| at work');
    run.child.kill('SIGKILL');
    await run.ended;
    const deleted = await place.run('delete', 'slow', '--abandon', ...STATE);
    expect(deleted.code, deleted.out + deleted.err).to.equal(0);
    expect(deleted.out).to.include('slow is being removed; nothing that it did is undone.');
    expect(existsSync(place.path('state'))).to.equal(false);
    expect(place.processes()).to.deep.equal([]);
    expect(place.lines('done')).to.deep.equal([]);
  });

  it('removes what a deletion left that was killed after its commit', async () => {
    const place = await Workplace.make({ 'hello.yaml': HELLO });
    expect((await place.run('run', 'hello.yaml', ...STATE)).code).to.equal(0);
    const state = await openStateDirectory(place.path('state'), 0);
    const { store } = state;
    await store.acquire('test');
    const erased = { id: 'hello', steps: [], log: [], secrets: [], requests: [], erase: true };
    await store.commit({ commitSeq: await store.committed(), workflows: [erased] });
    await state.close();
    const { code, err } = await place.run('delete', 'hello', ...STATE);
    expect(code).to.equal(5);
    expect(err).to.include('there is no workflow hello');
    expect(existsSync(place.path('state'))).to.equal(false);
  });

  it('blames the files of a state directory, not itself, when they cannot be used', async () => {
    const place = await Workplace.make({ 'hello.yaml': HELLO, 'state/engine.json.new/x': '' });
    const note = await place.run('run', 'hello.yaml', ...STATE);
    expect(note.err).to.include('cannot be used: EISDIR').and.include('give the same command again');
    expect(note.code).to.equal(4);
    await rm(place.path('state'), { recursive: true });
    expect((await place.run('run', 'hello.yaml', ...STATE)).code).to.equal(0);
    await writeFile(place.path('state', 'agents', 'hello-web-0', 'identity.json'), '{');
    const identity = await place.run('run', 'hello.yaml', ...STATE);
    expect(identity.err).to.include('The agent hello-web-0').and.include('a new agent takes its place');
    expect(identity.code).to.equal(4);
  });

  it('says what is wrong with a file or a state directory', async () => {
    const place = await Workplace.make({ 'hello.yaml': HELLO, file: '' });
    const missing = await place.run('run', 'gone.yaml', ...STATE);
    expect(missing.code).to.equal(2);
    expect(missing.err).to.equal(
      'murano-workflow: cannot read gone.yaml: there is no such file. Give the path of a workflow definition (YAML).\n',
    );
    const inTheWay = await place.run('run', 'hello.yaml', '--state-dir', 'file');
    expect(inTheWay.code).to.equal(4);
    expect(inTheWay.err).to.include('Name a directory that you may write to');
  });

  it('says who holds a state directory that does not answer', async () => {
    const place = await Workplace.make({ 'hello.yaml': HELLO, 'state/x': '' });
    const lock = takeLock(place.path('state'), {
      pid: process.pid,
      startedAt: 0,
      socket: place.path('nobody.sock'),
    });
    try {
      const { code, err } = await place.run('run', 'hello.yaml', ...STATE);
      expect(code).to.equal(4);
      expect(err).to.include(`is in use by the engine with process id ${process.pid}`);
    } finally {
      lock.release();
    }
  });

  it('says so when it may not write to the state directory', async function () {
    // Root may write everywhere.
    const place = await Workplace.make({ 'hello.yaml': HELLO, 'state/x': '' });
    await chmod(place.path('state'), 0o500);
    const { code, err } = await place.run('run', 'hello.yaml', ...STATE);
    await chmod(place.path('state'), 0o700);
    if (process.getuid?.() === 0) expect(code).to.equal(0);
    else {
      expect(code).to.equal(4);
      expect(err).to.include('state');
    }
  });
});
