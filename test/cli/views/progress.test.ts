import { expect } from 'chai';
import { progressLines } from '../../../engine/cli/views/progress.ts';
import type { Style } from '../../../engine/cli/views/style.ts';
import { paintLine } from '../../../engine/cli/views/style.ts';
import { displayWidth } from '../../../engine/cli/views/text.ts';
import type { WorkflowView } from '../../../engine/runtime/api.ts';
import { reached, START, stepView, workflowView } from '../../support/workflow-views.ts';

const PLAIN: Style = { colour: false, unicode: true };
const nobody: ReadonlyMap<string, string> = new Map();

const nameOf = (agent: string): string => agent.replace(/^w-/, '');

function picture(view: WorkflowView, width: number, height = 30, style = PLAIN, offline = nobody): string[] {
  const moment = { now: START + 65_000, offline, workflow: 'w', nameOf };
  const lines = progressLines(view, moment, { width, height, style, frame: 0 });
  return lines.map(line => paintLine(line, width, style));
}

const busy = workflowView([
  stepView('db[0].prepared', reached()),
  stepView('db[0].started', {
    status: 'running',
    attempt: 1,
    progress: 'started',
    startedAt: START + 60_000,
    since: START + 60_000,
  }),
  stepView('db[1].prepared', reached()),
  stepView('db[1].started', {}, { waitsFor: ['db[0].started'] }),
  stepView('db[2].prepared', {
    status: 'failed',
    attempt: 3,
    error: {
      kind: 'exit',
      message: 'exited with 4',
      exitCode: 4,
      tail: 'copying\nno space left\n',
      phase: 'action',
    },
  }),
  stepView(
    'db[2].started',
    { status: 'blocked', cause: 'requirement_failed' },
    { waitsFor: ['db[2].prepared'] },
  ),
  stepView('service.deployed', {}, { waitsFor: ['db.started (0 of 3)'] }),
]);

describe('the live picture', () => {
  it('has a lane for each machine and service, at 80 columns', () => {
    expect(picture(busy, 80)).to.deep.equal([
      'w  running · 2 of 7 steps · 1:05',
      '',
      ' ⠋ db-0     ✓⠋  started   running 5s',
      ' ⧗ db-1     ✓·  started   waits for db[0].started',
      ' ✗ db-2     ✗⊘  prepared  exit code 4: no space left',
      ' ⧗ service  ·   deployed  waits for db.started (0 of 3)',
    ]);
  });

  it('gives up the step marks and cuts what is said, at 40 columns', () => {
    expect(picture(busy, 40)).to.deep.equal([
      'w  running · 2 of 7 steps · 1:05',
      '',
      ' ⠋ db-0     1/2  started   running 5s',
      ' ⧗ db-1     1/2  started   waits for db…',
      ' ✗ db-2     0/2  prepared  exit code 4:…',
      ' ⧗ service  0/1  deployed  waits for db…',
    ]);
  });

  it('says everything at 200 columns', () => {
    const long = 'x'.repeat(120);
    const view = workflowView([stepView('db[0].ready', {}, { waitsFor: [long] })]);
    expect(picture(view, 200).at(-1)).to.equal(` ⧗ db-0  ·  ready  waits for ${long}`);
  });

  it('is never wider than the terminal, whatever its names are', () => {
    const view = workflowView([
      stepView('a[0].b', {
        status: 'failed',
        error: { kind: 'exit', message: '東'.repeat(90), phase: 'action' },
      }),
    ]);
    for (const width of [20, 33, 40, 80]) {
      for (const line of picture(view, width)) expect(displayWidth(line)).to.be.at.most(width);
    }
  });

  it('turns the spinner with each picture', () => {
    const line = (frame: number): string =>
      paintLine(
        progressLines(
          busy,
          { now: START, offline: nobody, workflow: 'w', nameOf },
          { width: 80, height: 30, style: PLAIN, frame },
        )[2] ?? [],
        80,
        PLAIN,
      );
    expect(line(0)).to.match(/^ ⠋/);
    expect(line(1)).to.match(/^ ⠙/);
  });

  it('draws in ASCII where the terminal knows no more', () => {
    const lines = picture(busy, 44, 30, { colour: false, unicode: false });
    expect(lines.join('\n')).to.match(/^[\n\u0020-\u007e]*$/);
  });

  it('colours after cutting, so that colours cost no column', () => {
    const style = { colour: true, unicode: true };
    const lines = progressLines(
      busy,
      { now: START, offline: nobody, workflow: 'w', nameOf },
      { width: 40, height: 30, style, frame: 0 },
    );
    const painted = lines.map(line => paintLine(line, 40, style));
    expect(painted[4]).to.include('\u001b[31m✗\u001b[0m');
    // oxlint-disable-next-line no-control-regex
    for (const line of painted) expect(displayWidth(line.replace(/\u001b\[\d+m/g, ''))).to.be.at.most(40);
  });

  it('lets nothing that a script said control the terminal', () => {
    const error = {
      kind: 'exit',
      message: 'exited with 1',
      tail: '\u001b[2J\u001b]0;owned\u0007boom',
      phase: 'action',
    } as const;
    const view = workflowView([stepView('db[0].ready', { status: 'failed', error })]);
    expect(picture(view, 80).at(-1)).to.equal(' ✗ db-0  ✗  ready  exited with 1: boom');
  });

  it('shows what matters most where not all machines fit, and counts the rest', () => {
    const steps = Array.from({ length: 40 }, (_, index) =>
      stepView(`db[${index}].ready`, index === 33 ? { status: 'failed' } : reached()),
    );
    const lines = picture(workflowView(steps), 80, 10);
    expect(lines).to.have.length(9);
    expect(lines.join('\n')).to.include('✗ db-33');
    expect(lines.at(-1)).to.equal('   … and 34 more machines');
  });

  it('says that a machine is offline instead of what it runs', () => {
    const view = workflowView([stepView('db[0].ready', { status: 'running', agent: 'w-db-0', attempt: 1 })]);
    const line = picture(view, 80, 30, PLAIN, new Map([['w-db-0', 'no heartbeat']])).at(-1);
    expect(line).to.equal(' ⠋ db-0  ⠋  ready  machine offline: no heartbeat');
  });

  it('says of a reboot that it is one: that the machine is away then is no news', () => {
    const record = { status: 'running', agent: 'w-db-0', attempt: 1, progress: 'started' } as const;
    const view = workflowView([{ ...stepView('db[0].ready', record), kind: 'reboot' }]);
    const line = picture(view, 80, 30, PLAIN, new Map([['w-db-0', 'it left']])).at(-1);
    expect(line)
      .to.match(/ready {2}rebooting /)
      .and.not.contain('offline');
  });

  it('tells a retry by its time and cause, a pause by who is waited for', () => {
    const error = { kind: 'exit', message: 'exited with 75', phase: 'action' } as const;
    const view = workflowView([
      stepView('db[0].ready', {
        status: 'waiting',
        attempt: 1,
        due: { at: START + 77_000, for: 'retry' },
        error,
      }),
      stepView('db[1].ready', { status: 'paused', cause: 'held_for_operator', error }),
    ]);
    expect(picture(view, 80).slice(2)).to.deep.equal([
      ' ⧗ db-0  ·  ready  next attempt in 12s · exited with 75',
      ' ‖ db-1  ‖  ready  waits for you · exited with 75',
    ]);
  });

  it('leaves out what the goal does not need', () => {
    const view = workflowView([
      stepView('db[0].ready', reached()),
      stepView('db[0].extra', {}, { wanted: false }),
    ]);
    expect(picture(view, 80)).to.deep.equal(['w  running · 1 of 1 step · 1:05', '', ' ✓ db-0  ✓  ready']);
  });

  it('tells two machines of one name apart', () => {
    const named = (id: string) => ({
      ...stepView(id),
      member: { agent: id, name: 'vm', index: Number(/\d/.exec(id)?.[0]) },
    });
    const view = workflowView([named('db[0].ready'), named('db[1].ready')]);
    expect(
      picture(view, 80)
        .slice(2)
        .map(line => line.trim()),
    ).to.deep.equal(['⧗ db[0] vm  ·  ready', '⧗ db[1] vm  ·  ready']);
  });

  it('says where a step runs that runs in the VM of another', () => {
    const running = { status: 'running', attempt: 1, since: START + 60_000 } as const;
    const view = workflowView([
      stepView('db[0].ready', { ...running, agent: 'w-db-0' }),
      stepView('db[1].ready', { ...running, agent: 'w-db-0' }),
    ]);
    const [own, other] = picture(view, 80).slice(-2);
    expect(own).to.include('running 5s').and.not.include(' on ');
    expect(other).to.include('running 5s · on db-0');
  });

  it('shows under the group what it does once, and where', () => {
    const view = workflowView([
      stepView('db[0].ready', reached()),
      stepView('db.created', { status: 'running', attempt: 1, agent: 'w-db-0', since: START + 60_000 }),
    ]);
    expect(picture(view, 80).at(-1)).to.equal(' ⠋ db    ⠋  created  running 5s · on db-0');
  });
});
