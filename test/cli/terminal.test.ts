import { expect } from 'chai';
import { judgeTerminal } from '../../engine/cli/terminal.ts';
import { Telling } from '../../engine/cli/telling.ts';
import { listLines, stepsLines } from '../../engine/cli/views/status.ts';
import { paintLine } from '../../engine/cli/views/style.ts';
import type { Line } from '../../engine/cli/views/style.ts';
import { reached, START, stepRecord, stepView, workflowView } from '../support/workflow-views.ts';

const STYLE = { colour: false, unicode: true };
const texts = (lines: readonly Line[]): string[] => lines.map(line => paintLine(line, 100, STYLE));

describe('what a terminal can show', () => {
  const judge = (env: { [name: string]: string }, isTTY = true, colour = true) =>
    judgeTerminal({ isTTY, columns: 80, rows: 24, platform: 'linux', env }, colour);

  it('is colour and a picture in place on a terminal', () => {
    expect(judge({ TERM: 'xterm', LANG: 'C.UTF-8' })).to.deep.equal({
      style: { colour: true, unicode: true },
      live: true,
    });
  });

  it('is neither in a pipe or a file', () => {
    expect(judge({}, false)).to.deep.include({ live: false }).and.nested.include({ 'style.colour': false });
  });

  it('is neither on a dumb terminal', () => {
    expect(judge({ TERM: 'dumb' }))
      .to.deep.include({ live: false })
      .and.nested.include({ 'style.colour': false });
  });

  it('obeys NO_COLOR, FORCE_COLOR and --no-color', () => {
    expect(judge({ NO_COLOR: '1' }).style.colour).to.equal(false);
    expect(judge({ NO_COLOR: '' }).style.colour, 'empty counts as absent').to.equal(true);
    expect(judge({ FORCE_COLOR: '1' }, false).style.colour).to.equal(true);
    expect(judge({ FORCE_COLOR: '1' }, true, false).style.colour).to.equal(false);
  });

  it('is ASCII where the locale or the console knows no more', () => {
    expect(judge({ LANG: 'C' }).style.unicode).to.equal(false);
    expect(judge({ LANG: 'de_AT.utf8' }).style.unicode).to.equal(true);
    expect(judge({ TERM: 'linux', LANG: 'C.UTF-8' }).style.unicode).to.equal(false);
  });
});

describe('telling', () => {
  const view = workflowView([stepView('db[0].ready'), stepView('db[1].ready')]);
  const step = (seq: number, record: Parameters<typeof stepRecord>[0]) => ({
    kind: 'log' as const,
    entry: {
      seq,
      at: START + seq * 1_000,
      change: {
        kind: 'step' as const,
        step: 'db[0].ready',
        from: 'running' as const,
        record: stepRecord(record),
      },
    },
  });
  const workflow = (seq: number, roles: { [role: string]: string | null }) => {
    const { seq: _, ...record } = workflowView([], { roles }).record;
    return { kind: 'log' as const, entry: { seq, at: START, change: { kind: 'workflow' as const, record } } };
  };

  it('tells a story without the steps of the protocol, and a record with them', () => {
    const accepted = step(2, { status: 'running', attempt: 1, progress: 'accepted' });
    expect(new Telling({ style: STYLE, what: 'story' }).lines(accepted, view)).to.deep.equal([]);
    expect(texts(new Telling({ style: STYLE, what: 'record' }).lines(accepted, view))).to.deep.equal([
      ' 0:02 ⠋ db[0].ready (db-0)  running, accepted by the agent',
    ]);
  });

  it('says an attempt once, and a new attempt again', () => {
    const telling = new Telling({ style: STYLE, what: 'story' });
    const say = (attempt: number) => telling.lines(step(1, { status: 'running', attempt }), view).length;
    expect([say(1), say(1), say(2)]).to.deep.equal([1, 0, 1]);
  });

  it('names the holder of a role when it is chosen, and says nothing when nothing changed', () => {
    const telling = new Telling({ style: STYLE, what: 'story' });
    expect(texts(telling.lines(workflow(1, {}), view))).to.deep.equal([' 0:00   w  running']);
    expect(texts(telling.lines(workflow(2, { 'db.primary': 'w-db-1' }), view))).to.deep.equal([
      ' 0:00   w  db.primary is db-1',
    ]);
    expect(telling.lines(workflow(3, { 'db.primary': 'w-db-1' }), view)).to.deep.equal([]);
  });

  it('keeps what scripts print to itself unless asked, and makes it harmless', () => {
    const output = {
      kind: 'output' as const,
      step: 'db[0].ready',
      stream: 'stdout' as const,
      text: 'a\u001b[2J\nb\n',
    };
    expect(new Telling({ style: STYLE, what: 'story' }).lines(output, view)).to.deep.equal([]);
    expect(texts(new Telling({ style: STYLE, what: 'all' }).lines(output, view))).to.deep.equal([
      '      db[0].ready (db-0) | a',
      '      db[0].ready (db-0) | b',
    ]);
  });
});

describe('status', () => {
  const offline = new Map<string, string>();
  const moment = { now: START + 5_000, offline, workflow: 'w', nameOf: (agent: string) => agent };

  it('lists workflows in columns', () => {
    const held = workflowView([], { id: 'other', status: 'held', reason: 'waits' }).record;
    expect(texts(listLines([workflowView([]).record, held], START + 5_000))).to.deep.equal([
      'NAME   STATUS         TOOK    REASON',
      'w      running        5s',
      'other  held           0s      waits',
    ]);
  });

  it('shows every step under its machine', () => {
    const view = workflowView([
      stepView('db[0].online', reached()),
      stepView('db[1].online', reached()),
      stepView('db[0].ready', {}, { waitsFor: ['db.online (1 of 2)'] }),
      stepView('service.deployed', { status: 'blocked', cause: 'requirement_failed' }),
    ]);
    expect(texts(stepsLines(view, moment, STYLE))).to.deep.equal([
      'w  running · 2 of 4 steps · 0:05',
      '',
      'db[0]  db-0',
      '  ✓ online    reached',
      '  ⧗ ready     waiting     waits for db.online (1 of 2)',
      '',
      'db[1]  db-1',
      '  ✓ online    reached',
      '',
      'service',
      '  ⊘ deployed  blocked     what it requires failed',
    ]);
  });
});
