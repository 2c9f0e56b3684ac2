// The engine in the process of a command is killed in the middle of an update, or of an operation, and the next goes on.
// Belongs here: `kill -9` at the command line: nothing is repeated, nothing is left out. Does not belong here: crashes at
// any I/O (test/simulation), those in the middle of a `run` (runs.test.ts).
import { writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { type Started, Workplace } from '../support/cli-process.ts';

const STATE = ['--state-dir', 'state'];

/** Each script says that it ran, with what; `slow` begins to, and then waits to be let go. */
const definition = (directory: string): string => `
workflow_version: 2026-11-01
inputs:
  label: {type: string, default: one}
entities:
  db:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      online: {action: {online: {}}}
      kept:
        requires: [online]
        action: {script: {bash: 'echo "kept" >>"${directory}/ran"'}}
        undo:
          script:
            bash: |
              echo "taken back" >>"${directory}/ran"
              until [ -e "${directory}/go" ]; do echo "now at work"; sleep 0.05; done
      slow:
        requires: [kept]
        idempotent: true
        action:
          script:
            bash: |
              echo "slow $label $WORKFLOW_REASON" >>"${directory}/ran"
              # Said again and again: a piece of live output may be lost.
              until [ -e "${directory}/go" ]; do echo "now at work"; sleep 0.05; done
              echo "slow $label ended" >>"${directory}/ran"
            inputs: {label: "<% inputs.label %>"}
      last:
        requires: [slow]
        action:
          script:
            bash: 'echo "last $label $WORKFLOW_REASON" >>"${directory}/ran"'
            inputs: {label: "<% inputs.label %>"}
operations:
  again: {steps: [{rerun: db.slow}, {rerun: db.last}]}
goal: db.last
`;

/** Complete once; from now on \`slow\` waits. */
async function complete(): Promise<Workplace> {
  const place = await Workplace.make();
  await writeFile(place.path('w.yaml'), definition(place.directory));
  await writeFile(place.path('go'), '');
  const { code, err } = await place.run('run', 'w.yaml', '--name', 'w', ...STATE);
  expect([code, err]).to.eql([0, '']);
  await writeFile(place.path('ran'), '');
  await place.remove('go');
  return place;
}

async function killed(command: Started): Promise<void> {
  await command.said('now at work');
  command.child.kill('SIGKILL');
  expect((await command.ended).signal).to.equal('SIGKILL');
}

describe('an engine that is killed', () => {
  it('in the middle of an update: the next goes on, and what ran is not run again', async () => {
    const place = await complete();
    await killed(place.start('update', 'w', '--inputs', 'label=two', '--verbose', ...STATE));
    const between = await place.run('status', 'w', '--json', ...STATE);
    expect(JSON.parse(between.out).record).to.include({ status: 'running', generation: 2 });
    await writeFile(place.path('go'), '');
    const resumed = await place.run('resume', 'w', ...STATE);
    expect([resumed.code, resumed.err]).to.eql([0, '']);
    expect(place.lines('ran')).to.eql(['slow two changed', 'slow two ended', 'last two changed']);
    const again = await place.run('update', 'w', '--inputs', 'label=two', ...STATE);
    expect(again.code).to.equal(0);
    expect(place.lines('ran'), 'the same once more').to.have.length(3);
  }).timeout(120_000);

  it('in the middle of an operation: the next goes on with its step, and the operation is done once', async () => {
    const place = await complete();
    await killed(place.start('operate', 'w', 'again', '--id', 'first', '--verbose', ...STATE));
    await writeFile(place.path('go'), '');
    const resumed = await place.run('resume', 'w', ...STATE);
    expect([resumed.code, resumed.err]).to.eql([0, '']);
    const ran = ['slow one operation', 'slow one ended', 'last one operation'];
    expect(place.lines('ran')).to.eql(ran);
    const again = await place.run('operate', 'w', 'again', '--id', 'first', ...STATE);
    expect(again.code).to.equal(0);
    expect(place.lines('ran'), 'the same id').to.eql(ran);
    const { out } = await place.run('status', 'w', '--json', ...STATE);
    const { operations } = JSON.parse(out).record as {
      operations: readonly { id: string; status: string }[];
    };
    expect(operations.map(({ id, status }) => [id, status])).to.eql([['first', 'done']]);
  }).timeout(120_000);

  it('in the middle of leaving: the member is taken back once, and is gone', async () => {
    const place = await Workplace.make();
    await writeFile(place.path('w.yaml'), definition(place.directory));
    await writeFile(place.path('go'), '');
    expect((await place.run('run', 'w.yaml', '--name', 'w', '--members', 'db=2', ...STATE)).code).to.equal(0);
    await writeFile(place.path('ran'), '');
    await place.remove('go');
    await killed(place.start('update', 'w', '--members', 'db=1', '--verbose', ...STATE));
    await writeFile(place.path('go'), '');
    expect((await place.run('resume', 'w', ...STATE)).code).to.equal(0);
    expect(place.lines('ran')).to.eql(['taken back']);
    const { out } = await place.run('status', 'w', '--json', ...STATE);
    expect(JSON.parse(out).members.db).to.have.length(1);
  }).timeout(120_000);
});
