// A run that stops for a person, as users meet it: held, answered here or over HTTP, failed and gone on with.
// Belongs here: these endings. Does not belong here: runs that go through (runs.test.ts).
import { expect } from 'chai';
import { jsonLines, Workplace } from '../support/cli-process.ts';

const STATE = ['--state-dir', 'state'];

const held = `
workflow_version: 2026-11-01
entities:
  web:
    type: vm
    states:
      online: {action: {online: {}}}
      checked:
        requires: [online]
        action: {script: {bash: 'echo "no licence here" >&2; exit 7'}}
        on_failure: {then: pause}
        outputs: {owner: {type: string}}
goal: web.checked
outputs:
  owner: {value: "<% web.outputs.checked.owner %>"}
`;

const failing = held.replace('        on_failure: {then: pause}\n', '');

describe('the command that stops for a person', () => {
  it('holds for a person, and goes on with the outputs that the person gives', async () => {
    const place = await Workplace.make({ 'held.yaml': held });
    const run = await place.run('run', 'held.yaml', ...STATE);
    expect(run.code).to.equal(3);
    expect(run.out).to.include('│ no licence here').and.include('murano-workflow skip held web.checked');
    const status = await place.run('status', 'held', ...STATE);
    expect(status.out).to.match(/checked +paused +waits for you · exit code 7: no licence here/);
    const refused = await place.run('skip', 'held', 'web.checked', ...STATE);
    expect(refused.code).to.equal(6);
    expect(refused.err).to.include("'owner'");
    const skipped = await place.run('skip', 'held', 'web.checked', '--outputs', 'owner=Ada', ...STATE);
    expect(skipped.code, skipped.out + skipped.err).to.equal(0);
    expect(skipped.out).to.match(/owner {2}Ada\n/);
  });

  it('stays with what is held while operators are answered over HTTP, and ends when it is done', async () => {
    const place = await Workplace.make({ 'held.yaml': held });
    const run = place.start('run', 'held.yaml', '--admin', ...STATE);
    const told = await run.said('paused, waits for an operator');
    const [, url = '', token = ''] = /answered at (\S+) by the token (\S+)/.exec(told) ?? [];
    const answer = await fetch(`${url}/v1/workflows/held/actions`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ kind: 'skip', step: 'web.checked', outputs: { owner: 'Ada' } }),
    });
    expect(answer.status, await answer.text()).to.equal(200);
    const { code, out } = await run.ended;
    expect(code).to.equal(0);
    expect(out).to.match(/owner {2}Ada\n/);
  });

  it('ends a failed run with the step, its exit code, its last words and what to do next', async () => {
    const place = await Workplace.make({ 'failing.yaml': failing });
    const run = await place.run('run', 'failing.yaml', ...STATE);
    expect(run.code).to.equal(1);
    expect(run.out).to.include('web.checked on web: exit code 7\n    │ no licence here\n');
    expect(run.out).to.include('murano-workflow resume failing --state-dir state');
    const retried = await place.run('retry', 'failing', ...STATE);
    expect(retried.code).to.equal(1);
    const json = jsonLines((await place.run('resume', 'failing', '--json', ...STATE)).out);
    expect(json.at(-1)).to.deep.include({ status: 'failed', exitCode: 1 });
  });
});
