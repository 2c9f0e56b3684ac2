// Lanes of a workflow: where bars stand, what is in view, what a pointer or a key meets. Times are ms.
import { expect } from 'chai';
import fc from 'fast-check';
import {
  barAt,
  barsIn,
  type Lane,
  laneAt,
  type LanePlan,
  lanesIn,
  PAD,
  planLanes,
  ROW,
} from '../../engine/admin/page/model/lanes.ts';
import { walkFrom } from '../../engine/admin/page/model/walk.ts';
import type { StepView } from '../../engine/runtime/api.ts';
import type { StepSpan, Timeline } from '../../engine/runtime/timeline.ts';
import { reached, START, stepView, workflowView } from '../support/workflow-views.ts';

const span = (from: number, to?: number, good = true, phase: StepSpan['phase'] = 'action'): StepSpan => ({
  from: START + from,
  ...(to !== undefined && { to: START + to }),
  phase,
  good,
});

const timeline = (steps: { readonly [step: string]: readonly StepSpan[] }): Timeline => ({
  seq: 1,
  from: START,
  steps: Object.entries(steps).map(([step, spans]) => ({ step, spans })),
  criticalPath: [],
});

const running = { status: 'running', attempt: 1, touched: true, since: START, startedAt: START } as const;

const plan = (steps: readonly StepView[], times?: Timeline): LanePlan =>
  planLanes(workflowView(steps, { at: START + 60_000 }), times);

const bars = (lane: Lane | undefined) =>
  lane?.bars.map(({ step, from, to, kind, good, row }) =>
    [step.state, from - START, to === undefined ? '…' : to - START, kind, good, row].join(' '),
  );

describe('lanes', () => {
  it('one for each machine, for what a group does once, and for a service; what nobody wants is left out', () => {
    const { lanes } = plan([
      stepView('db[0].made', reached()),
      stepView('db[1].made', reached()),
      stepView('db.chosen'),
      stepView('service.up'),
      stepView('spare[0].made', {}, { wanted: false }),
    ]);
    expect(lanes.map(({ key, name, done }) => `${key} ${name} ${done}`)).to.deep.equal([
      'db[0] db-0 1',
      'db[1] db-1 1',
      'db db 0',
      'service service 0',
    ]);
  });

  it('attempts stand as the timeline tells them, what runs has no end, a question waits from when it was asked', () => {
    const { lanes } = plan(
      [
        stepView('db[0].made', reached(START + 9_000)),
        stepView('db[0].filled', { ...running, since: START + 9_000 }),
        stepView('service.agreed', {
          status: 'paused',
          since: START + 4_000,
          asks: { kind: 'approval', message: '?' },
        }),
        stepView('db[0].joined'),
      ],
      timeline({
        'db[0].made': [span(0, 2_000, false), span(4_000, 9_000)],
        'db[0].filled': [span(9_000)],
      }),
    );
    expect(bars(lanes[0])).to.deep.equal([
      'made 0 2000 work false 0',
      'made 4000 9000 work true 0',
      'filled 9000 … work true 0',
    ]);
    expect(lanes[0]?.ahead.map(({ state }) => state)).to.deep.equal(['joined']);
    expect(bars(lanes[1])).to.deep.equal(['agreed 4000 … asks true 0']);
  });

  it('without a timeline the records alone tell, and a join is a moment', () => {
    const { lanes } = plan([
      stepView('db[0].made', { ...reached(START + 5_000), startedAt: START + 1_000 }),
      stepView('db[0].filled', {
        ...running,
        status: 'failed',
        since: START + 7_000,
        startedAt: START + 5_000,
      }),
      stepView('db[0].all', { status: 'reached', since: START + 8_000 }, { kind: 'join' }),
    ]);
    expect(bars(lanes[0])).to.deep.equal([
      'made 1000 5000 work true 0',
      'filled 5000 7000 work false 0',
      'all 8000 8000 join true 0',
    ]);
  });

  it('a record that came to rest ends a bar that the timeline still has open', () => {
    const { lanes } = plan(
      [stepView('db[0].made', reached(START + 5_000))],
      timeline({ 'db[0].made': [span(0)] }),
    );
    expect(bars(lanes[0])).to.deep.equal(['made 0 5000 work true 0']);
  });

  it('what runs beside each other stands below each other', () => {
    const { lanes } = plan(
      ['a', 'b', 'c'].map(state => stepView(`db[0].${state}`, reached(START + 9_000))),
      timeline({ 'db[0].a': [span(0, 5)], 'db[0].b': [span(2, 7)], 'db[0].c': [span(5, 9)] }),
    );
    expect(bars(lanes[0])).to.deep.equal(['a 0 5 work true 0', 'b 2 7 work true 1', 'c 5 9 work true 0']);
    expect(lanes[0]?.height).to.equal(2 * ROW + 2 * PAD);
  });

  it('what is in view is what a look at everything finds', () => {
    const spans = fc.array(fc.tuple(fc.nat(1_000), fc.option(fc.nat(300), { freq: 9 })), { maxLength: 40 });
    fc.assert(
      fc.property(fc.array(spans, { maxLength: 8 }), fc.nat(1_300), fc.nat(400), (all, from, wide) => {
        const steps = all.flatMap((own, lane) =>
          own.map(([, length], place) =>
            stepView(`db[${lane}].s${place}`, length === null ? running : reached()),
          ),
        );
        const times = Object.fromEntries(
          all.flatMap((own, lane) =>
            own.map(([begin, length], place) => [
              `db[${lane}].s${place}`,
              [span(begin, length === null ? undefined : begin + length)],
            ]),
          ),
        );
        const made = plan(steps, timeline(times));
        const to = from + wide;
        for (const lane of made.lanes) {
          const plainly = lane.bars.filter(
            bar => bar.from <= START + to && (bar.to ?? Infinity) >= START + from,
          );
          expect(barsIn(lane, START + from, START + to)).to.deep.equal(plainly);
        }
        const touched = made.lanes.filter(({ top, height }) => top < to && top + height > from);
        expect(lanesIn(made, from, to)).to.deep.equal(touched);
      }),
    );
  });

  it('a pointer meets the nearest bar in its row', () => {
    const made = plan(
      [stepView('db[0].a', reached()), stepView('db[0].b', reached()), stepView('db[1].a', reached())],
      timeline({ 'db[0].a': [span(0, 100)], 'db[0].b': [span(120, 200)], 'db[1].a': [span(0, 100)] }),
    );
    const second = made.lanes[1] as Lane;
    expect(laneAt(made, second.top + 1)).to.equal(second);
    const [first] = made.lanes as [Lane];
    const at = (time: number, y = PAD + 1) => barAt(first, first.top + y, START + time, 15)?.step.state;
    expect([at(50), at(108), at(113), at(300), at(50, PAD + ROW + 1)]).to.deep.equal([
      'a',
      'a',
      'b',
      undefined,
      undefined,
    ]);
  });

  it('keys go along a machine, and across to what ran there at the same time', () => {
    const made = plan(
      [
        stepView('db[0].a', reached()),
        stepView('db[0].b', reached()),
        stepView('db[0].c'),
        stepView('db[1].a', reached()),
        stepView('db[1].b', reached()),
      ],
      timeline({
        'db[0].a': [span(0, 100)],
        'db[0].b': [span(150, 200)],
        'db[1].a': [span(0, 140)],
        'db[1].b': [span(145, 300)],
      }),
    );
    const walk = (from: string, ...ways: readonly ('left' | 'right' | 'up' | 'down')[]) =>
      ways.reduce<string | undefined>((at, way) => at && walkFrom(made, at, way), from);
    expect(walk('nobody', 'right')).to.equal('db[0].a');
    expect(walk('db[0].a', 'right', 'right')).to.equal('db[0].c');
    expect(walk('db[0].c', 'right')).to.equal(undefined);
    expect(walk('db[0].b', 'down')).to.equal('db[1].b');
    expect(walk('db[1].b', 'left', 'up')).to.equal('db[0].a');
    expect(walk('db[0].c', 'down')).to.equal('db[1].b');
  });

  it('laying out costs as much as there are steps', () => {
    const read = (size: number): number => {
      let reads = 0;
      const steps = Array.from({ length: size }, (_, place) => {
        const step = stepView(`db[${place % 100}].s${place}`, reached());
        return new Proxy(step, { get: (own, name) => ((reads += 1), own[name as keyof StepView]) });
      });
      plan(steps);
      return reads;
    };
    const [one, two, four] = [read(500), read(1_000), read(2_000)] as [number, number, number];
    expect(two).to.be.at.most(2 * one + 100);
    expect(four).to.be.at.most(2 * two + 100);
  });
});
