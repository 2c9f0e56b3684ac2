// Secrets that a `set` makes: drawn fairly, once, and never while the store is silent.
import { expect } from 'chai';
import fc from 'fast-check';
import { GenerateDriver } from '../../engine/drivers/generate-driver.ts';
import { Teller } from '../../engine/drivers/tell.ts';
import type { JsonValue } from '../../engine/base/json.ts';
import type { GeneratedSecret } from '../../engine/definition/types.ts';
import type { Command } from '../../engine/machine/types.ts';
import type { NewSecret, ReportSink } from '../../engine/runtime/ports.ts';
import { ManualClock } from '../support/clock.ts';
import { contextOf, idOf } from '../agents/world.ts';

const commandFor = (secrets: readonly GeneratedSecret[]): Command => ({
  action: { kind: 'generate', secrets, values: {} },
  timeout: 60_000,
  reason: 'first',
  outputs: [],
});
const password: GeneratedSecret = {
  name: 'password',
  length: 24,
  classes: [
    { characters: 'abc', min: 2 },
    { characters: '01', min: 1 },
  ],
};

describe('the driver of secrets', () => {
  let driver: GenerateDriver;
  let sealed: Map<string, JsonValue>;
  let reports: { readonly report: unknown; readonly secrets: readonly NewSecret[] }[];
  beforeEach(() => {
    sealed = new Map();
    reports = [];
    const sink: ReportSink = {
      report: (_, report, secrets = []) => {
        reports.push({ report, secrets });
        return Promise.resolve('recorded');
      },
      owned: () => Promise.resolve(),
    };
    const seal = (ref: string, value: JsonValue): NewSecret => {
      sealed.set(ref, value);
      return { ref, sealed: Uint8Array.of(1) };
    };
    driver = new GenerateDriver({ teller: new Teller(sink, new ManualClock()), seal });
  });
  afterEach(() => driver.close());

  it('draws what was asked for, of the classes that were asked for', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 8, max: 128 }), fc.nat({ max: 5 }), async (length, min) => {
        const classes = [
          { characters: 'abc', min },
          { characters: '01', min: 1 },
        ];
        await driver.start(idOf(), commandFor([{ name: 'p', length, classes }]), contextOf());
        const value = [...sealed.values()].at(-1) as string;
        expect(value)
          .to.match(/^[abc01]+$/)
          .and.have.lengthOf(length);
        expect(value.replace(/[01]/g, '').length).to.be.at.least(min);
        expect(value).to.match(/[01]/);
      }),
      { numRuns: 50 },
    );
  });

  it('draws another for another step, and never the same', async () => {
    const classes = [{ characters: 'abcdefghijklmnopqrstuvwxyz0123456789', min: 0 }];
    for (let number = 0; number < 100; number += 1)
      await driver.start(
        idOf(1, `app[${number}].keyed`),
        commandFor([{ ...password, classes }]),
        contextOf(),
      );
    expect(new Set(sealed.values()).size).to.equal(100);
    expect(new Set(sealed.keys()).size).to.equal(100);
  });

  it('reports references alone, with what is sealed beside them', async () => {
    await driver.start(idOf(), commandFor([password]), contextOf());
    const [ref = ''] = [...sealed.keys()];
    expect(reports[0]?.report).to.deep.equal({
      kind: 'finished',
      outcome: { kind: 'succeeded', outputs: { password: { secret: ref } } },
    });
    expect(reports[0]?.secrets.map(secret => secret.ref)).to.deep.equal([ref]);
  });

  it('GD1: draws nothing when it is stored, under whatever attempt and generation', async () => {
    await driver.start(idOf(), commandFor([password]), contextOf());
    const [ref = ''] = [...sealed.keys()];
    const later = { ...idOf(9), generation: 4 };
    await driver.start(later, commandFor([password]), contextOf({ [ref]: 'kept' }));
    expect(sealed.size).to.equal(1);
    expect(reports[1]?.secrets).to.deep.equal([]);
    expect(JSON.stringify(reports[1]?.report)).to.contain(ref);
  });

  it('GD3: draws nothing while the store does not answer', async () => {
    const silent = { ...contextOf(), holds: () => Promise.reject(new Error('the disk is away')) };
    const failure = await driver.start(idOf(), commandFor([password]), silent).catch((error: Error) => error);
    expect(failure).to.be.an('error');
    expect([sealed.size, reports.length]).to.deep.equal([0, 0]);
  });

  it('answers a cancel: nothing is being made', async () => {
    await driver.cancel(idOf());
    expect(reports[0]?.report).to.have.nested.property('outcome.kind', 'refused');
  });
});
