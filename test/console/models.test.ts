// What the page shows, as plain values: addresses, times, streams, values, consequences, command lines, failures.
import { expect } from 'chai';
import fc from 'fast-check';
import { inputWords, operateLine, readField } from '../../engine/admin/page/model/operations.ts';
import type { InputView } from '../../engine/runtime/operator-api.ts';
import { type Act, commandLine, consequences, updateLine } from '../../engine/admin/page/model/acts.ts';
import { type Address, readAddress, TABS, writeAddress } from '../../engine/admin/page/model/address.ts';
import { Board } from '../../engine/admin/page/model/board.ts';
import { failureGroups, reasonKey } from '../../engine/admin/page/model/groups.ts';
import { LogReader } from '../../engine/admin/page/model/log-lines.ts';
import { fitted, ticks, timeOf, xOf, zoomed } from '../../engine/admin/page/model/scale.ts';
import { EventReader } from '../../engine/admin/page/model/stream.ts';
import { agoText, spanText } from '../../engine/admin/page/model/time.ts';
import { HIDDEN, shownValues } from '../../engine/admin/page/model/values.ts';
import type { StepError } from '../../engine/machine/errors.ts';
import { reached, START, stepRecord, stepView, workflowView } from '../support/workflow-views.ts';

const error = (message: string, tail = ''): StepError => ({
  kind: 'exit',
  message,
  exitCode: 3,
  tail,
  phase: 'action',
});

describe('the page: addresses', () => {
  it('whoever opens an address sees what its giver saw', () => {
    const text = fc.string({ maxLength: 20 });
    const id = fc.stringMatching(/^[A-Za-z0-9][\w-]{0,20}$/);
    const step = fc.constantFrom('', 'db[1].made', 'service.up');
    const show = fc.constantFrom('', 'failed', 'person');
    const address: fc.Arbitrary<Address> = fc.oneof(
      fc.record({ page: fc.constant('list' as const), text, show }),
      fc.record({ page: fc.constant('agents' as const), text }),
      fc.record({
        page: fc.constant('workflow' as const),
        id,
        tab: fc.constantFrom(...TABS),
        step,
        text,
        show,
      }),
    );
    fc.assert(
      fc.property(address, one => {
        expect(readAddress(writeAddress(one))).to.deep.equal(one);
      }),
    );
  });

  it('what is no address is the list', () => {
    for (const hash of ['', '#', '#/', '#/nothing', '#/workflows/', '#/workflows/%'])
      expect(readAddress(hash).page, hash).to.be.oneOf(['list', 'workflow']);
    expect(readAddress('#/workflows/prod/nonsense')).to.include({ id: 'prod', tab: 'lanes' });
  });
});

describe('the page: times', () => {
  it('a moment is found where it is drawn, near and far', () => {
    const scale = fitted(START, START + 60_000, 600);
    expect(xOf(scale, START + 30_000)).to.equal(300);
    expect(timeOf(scale, 300)).to.equal(START + 30_000);
    expect(zoomed(scale, 4, 60_000, 600).perMs).to.equal(0.04);
    expect(zoomed(scale, 1e9, 60_000, 600).perMs * 60_000).to.be.at.most(8_000_000);
    expect(zoomed(scale, 1e-9, 60_000, 600)).to.deep.equal(scale);
  });

  it('ticks stand at round times and do not touch', () => {
    const scale = fitted(START, START + 60_000, 600);
    expect(ticks(scale, 0, 600).map(({ x, label }) => `${x} ${label}`)).to.deep.equal([
      '0 0s',
      '100 10s',
      '200 20s',
      '300 30s',
      '400 40s',
      '500 50s',
      '600 1m00s',
    ]);
    for (const span of [1_000, 77_000, 3_600_000, 40 * 86_400_000]) {
      const found = ticks(fitted(START, START + span, 900), 0, 900).map(({ x }) => x);
      expect(found.length, String(span)).to.be.within(2, 11);
    }
  });

  it('reads as people say it', () => {
    expect(agoText(START, START)).to.equal('now');
    expect(agoText(START + 125_000, START)).to.equal('2m05s ago');
    expect(agoText(START + 5 * 86_400_000, START)).to.equal('5 days ago');
    expect(spanText(1_240)).to.equal('1.2s');
    expect(spanText(125_000)).to.equal('2m05s');
  });
});

describe('the page: streams', () => {
  it('gives the same events however the text is cut', () => {
    const text =
      ':\n\nevent: begin\ndata: {}\n\nid: 7\nevent: log\ndata: {"a":1}\n\nevent: output\r\ndata: x\r\ndata: y\r\n\r\nid: 8';
    const whole = new EventReader().read(text);
    expect(whole).to.deep.equal([
      { id: '', event: 'begin', data: '{}' },
      { id: '7', event: 'log', data: '{"a":1}' },
      { id: '7', event: 'output', data: 'x\ny' },
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), cuts => {
        const reader = new EventReader();
        const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        const found = places.slice(1).flatMap((end, place) => reader.read(text.slice(places[place], end)));
        expect(found).to.deep.equal(whole);
      }),
    );
  });
});

describe('the page: values', () => {
  it('hidden ones stay hidden, wherever in a value they are', () => {
    const secret = { $secret: 'wf/input/password/abc' };
    const shown = shownValues({
      password: secret,
      address: { $concat: ['postgres://app:', secret, '@db'] },
      list: [{ key: secret }],
      port: 5432,
      big: { $integer: '9007199254740993' },
      odd: { $literal: { $secret: 'mine' } },
    });
    expect(JSON.stringify(shown)).not.to.contain('wf/input');
    const of = (name: string) => shown.find(one => one.name === name);
    expect(of('password')).to.deep.equal({ name: 'password', text: HIDDEN, hidden: true });
    expect(of('address')?.text).to.equal(`postgres://app:${HIDDEN}@db`);
    expect(of('list')?.hidden).to.equal(true);
    expect([of('port')?.text, of('big')?.text]).to.deep.equal(['5432', '9007199254740993']);
    expect(of('odd')?.text).to.contain('mine');
  });
});

describe('the page: what follows from a request', () => {
  const steps = [
    stepView('db[0].made', reached()),
    stepView('db[1].made', { status: 'paused', attempt: 2, touched: true, error: error('exit 3') }),
    stepView('db[0].joined'),
    stepView('db[1].joined'),
    stepView('service.up'),
    stepView('service.apart'),
  ];
  const view = workflowView(steps);
  const standing = {
    edges: [
      { from: 'db.made', to: 'role db.primary' },
      { from: 'role db.primary', to: 'db.joined' },
      { from: 'db.joined', to: 'service.up' },
    ],
  };
  const says = (act: Act): string => consequences(act, view, standing).join(' ');

  it('names the attempt that a retry starts, where, and what stands on it, near and far', () => {
    expect(says({ kind: 'retry', step: 'db[1].made' })).to.equal(
      'Attempt 3 of db[1].made starts on db-1 as soon as what it requires is met and its machine is free. ' +
        '3 steps that stand on it can go on once it is reached: db[0].joined, db[1].joined, service.up.',
    );
  });

  it('says that a skip runs nothing, and that nothing is taken back', () => {
    expect(says({ kind: 'skip', step: 'db[1].made', outputs: {} }))
      .to.contain('Nothing runs on db-1')
      .and.contain('stays as it is')
      .and.contain('3 steps');
  });

  it('counts what a deletion undoes, and says what an abandonment leaves', () => {
    expect(says({ kind: 'delete', abandon: false })).to.contain('What 2 steps did is undone');
    expect(says({ kind: 'delete', abandon: true })).to.contain('Nothing is undone');
  });

  it('every request has its command line, quoted for a shell', () => {
    const lines: readonly (readonly [Act, string])[] = [
      [{ kind: 'retry' }, 'retry prod'],
      [{ kind: 'retry', step: 'db[1].made' }, "retry prod 'db[1].made'"],
      [
        { kind: 'skip', step: 'service.up', outputs: { port: 5432, name: "it's" } },
        `skip prod service.up --outputs port=5432 'name="it'\\''s"'`,
      ],
      [{ kind: 'signal', name: 'paid', data: {} }, 'signal prod paid'],
      [{ kind: 'delete', abandon: true }, 'delete prod --abandon'],
      [{ kind: 'suspend' }, 'suspend prod'],
    ];
    for (const [act, text] of lines) expect(commandLine('prod', act)).to.equal(`murano-workflow ${text}`);
    expect(
      updateLine('plan', 'prod', {
        inputs: { port: 5433, size: '64MB', off: 'no', gib: '1e3', key: 'told to nobody' },
        hidden: new Set(['key']),
        unset: ['size2'],
        definition: 'my cluster.yaml',
        leaving: [{ entity: 'db', agent: 'vm-1', name: 'db-1' }],
        abandon: true,
      }),
    ).to.equal(
      "murano-workflow plan prod --inputs port=5433 size=64MB off=no gib=1e3 key=@FILE --unset size2 --definition 'my cluster.yaml' --members WHO-STAYS.yaml --abandon",
    );
  });
});

describe('the page: inputs of an operation', () => {
  const input = (more: Partial<InputView>): InputView => ({
    name: 'x',
    type: 'string',
    description: '',
    required: false,
    hidden: false,
    constraints: [],
    ...more,
  });
  const read = (more: Partial<InputView>, typed: string) => {
    const found = readField(input(more), typed);
    return found.kind === 'value' ? found.value : found.kind;
  };

  it('are read by their types; what only the engine can judge is sent as it is', () => {
    expect(read({}, 'true')).to.equal('true');
    expect(read({ type: 'integer' }, ' 42 ')).to.equal(42);
    expect(read({ type: 'integer' }, '9007199254740993')).to.equal('9007199254740993');
    expect(read({ type: 'integer' }, '4.2')).to.equal('wrong');
    expect(read({ type: 'number' }, '4.2')).to.equal(4.2);
    expect(read({ type: 'number' }, 'four')).to.equal('wrong');
    expect(read({ type: 'boolean' }, 'false')).to.equal(false);
    expect(read({ allowed: ['a', 'b'] }, 'b')).to.equal('b');
    expect(read({ type: 'integer', allowed: [1, 2] }, '2')).to.equal(2);
    expect(read({ type: 'list' }, 'a,b')).to.equal('a,b');
    expect(read({ type: 'list' }, '["a"]')).to.deep.equal(['a']);
    expect(read({ type: 'map' }, 'a=b')).to.equal('wrong');
    expect(read({}, '')).to.equal('left_out');
    expect(read({ required: true }, '')).to.equal('wrong');
  });

  it('are told with their bounds and defaults; a command line never tells a hidden one', () => {
    expect(inputWords(input({ type: 'integer', constraints: ['from 1 to 5'], default: 3 }))).to.equal(
      'integer, from 1 to 5; 3 if left out',
    );
    const operation = {
      name: 'backup',
      description: '',
      steps: [],
      inputs: [input({ name: 'key', hidden: true })],
    };
    expect(operateLine('prod', operation, { key: 'a secret', label: "it's 5" }, 'night')).to.equal(
      "murano-workflow operate prod backup --inputs key=@FILE 'label=it'\\''s 5' --id night",
    );
  });
});

describe('the page: the same failures', () => {
  it('are found together, whatever numbers and ids are in their words', () => {
    const failed = (id: string, words: string, tail: string) =>
      stepView(id, { status: 'failed', error: error(words, tail) });
    const groups = failureGroups([
      failed('db[0].made', 'exit 3', 'disk of 4a5b6c7d8e9f full'),
      failed('db[1].made', 'exit 3', 'disk of 00112233aabb full'),
      failed('db[2].made', 'exit 3', 'no route'),
      failed('web[0].made', 'exit 3', 'disk of 4a5b6c7d8e9f full'),
      stepView('db[3].made', reached()),
    ]);
    expect(groups.map(({ steps }) => steps.map(({ id }) => id))).to.deep.equal([
      ['db[0].made', 'db[1].made'],
      ['db[2].made'],
      ['web[0].made'],
    ]);
    expect(reasonKey('db[1].made on db-1 failed')).to.equal(reasonKey('db[7].made on db-22 failed'));
  });
});

describe('the page: a board', () => {
  const board = (): Board =>
    new Board(workflowView([stepView('db[0].made'), stepView('service.up')], { seq: 5 }));
  const log = (seq: number, step: string, status: 'running' | 'reached') =>
    ({
      kind: 'log',
      entry: {
        seq,
        at: START + seq,
        change: { kind: 'step', step, from: 'waiting', record: stepRecord({ status, since: START + seq }) },
      },
    }) as const;

  it('takes what happened after it was fetched, once', () => {
    const one = board();
    one.apply(log(4, 'db[0].made', 'running'));
    expect(one.step('db[0].made')?.record.status).to.equal('waiting');
    one.apply(log(6, 'db[0].made', 'running'));
    one.apply(log(7, 'db[0].made', 'reached'));
    one.apply(log(6, 'db[0].made', 'running'));
    expect(one.view.steps.map(({ record }) => record.status)).to.deep.equal(['reached', 'waiting']);
    expect([one.view.record.seq, one.stale]).to.deep.equal([7, false]);
  });

  it('is stale when a generation begins, or a step comes that it does not know', () => {
    const one = board();
    one.apply(log(6, 'db[1].made', 'running'));
    expect(one.stale).to.equal(true);
  });

  it('keeps so much of live output, and says that there was more', () => {
    const one = board();
    for (let line = 0; line < 3_000; line += 1)
      one.apply({
        kind: 'output',
        step: 'service.up',
        stream: 'stdout',
        text: `${line} ${'x'.repeat(100)}\n`,
      });
    const { parts, cut } = one.said('service.up');
    const text = parts.map(part => part.text).join('');
    expect(cut).to.equal(true);
    expect(text.length).to.be.at.most(200_000);
    expect(text.endsWith(`2999 ${'x'.repeat(100)}\n`)).to.equal(true);
    const renewed = one.renew(workflowView([]));
    expect(renewed.said('service.up').parts).to.deep.equal(parts);
  });

  it('knows who is offline until they come back', () => {
    const one = board();
    one.apply({ kind: 'agent', agent: 'w-db-0', state: 'offline', reason: 'gone' });
    expect(one.offline('w-db-0')).to.equal('gone');
    one.apply({ kind: 'agent', agent: 'w-db-0', state: 'online' });
    expect(one.offline('w-db-0')).to.equal(undefined);
  });
});

describe('the page: lines of the log', () => {
  const reader = (): LogReader => new LogReader();
  const entry = (record: Parameters<typeof stepRecord>[0], from: 'waiting' | 'running' = 'waiting') => ({
    seq: 1,
    at: START,
    change: { kind: 'step' as const, step: 'db[0].made', from, record: stepRecord(record) },
  });

  it('say what is new, and nothing of the protocol', () => {
    expect(reader().line(entry({ status: 'running', progress: 'started' }, 'running'))).to.equal(undefined);
    expect(reader().line(entry({ status: 'running', attempt: 2 }))?.says).to.equal('running · attempt 2');
    expect(
      reader().line(entry({ status: 'failed', attempt: 1, error: error('exit 3') }, 'running'))?.says,
    ).to.equal('failed · exit 3');
    expect(
      reader().line(
        entry({ status: 'waiting', due: { at: START + 30_000, for: 'retry' }, since: START }, 'running'),
      )?.says,
    ).to.equal('waiting · next attempt in 30s');
  });

  it('tell of the workflow what changed: its state, and who holds a role', () => {
    const log = reader();
    const record = workflowView([]).record;
    const of = (changes: Partial<typeof record>) =>
      log.line({ seq: 1, at: START, change: { kind: 'workflow', record: { ...record, ...changes } } })?.says;
    expect(of({})).to.equal('running');
    expect(of({})).to.equal(undefined);
    expect(of({ roles: { 'db.primary': 'w-db-0' } })).to.equal('db.primary is w-db-0');
    expect(of({ roles: { 'db.primary': 'w-db-0' }, status: 'held', reason: 'Somebody is asked.' })).to.equal(
      'held: Somebody is asked.',
    );
  });
});
