// What every Driver must do, whatever it drives: one suite, run over each.
// Belongs here: the promises of `Driver` in engine/runtime/ports.ts. Does not belong here: what one driver does alone.
import { expect } from 'chai';
import type { EffectId } from '../../engine/base/ids.ts';
import type { Command } from '../../engine/machine/types.ts';
import type { Driver } from '../../engine/runtime/ports.ts';
import { contextOf, idOf, settle, type RecordingSink } from '../agents/world.ts';

/** A driver with a world in which its command is neither done nor impossible yet. */
export interface DriverLab {
  readonly driver: Driver;
  readonly sink: RecordingSink;
  readonly command: Command;
  /** Makes the world finish the work of this id well. */
  finish(id: EffectId): Promise<void>;
  /** Makes the world answer a cancel of this id, where it takes somebody's answer. */
  answerCancel(id: EffectId): Promise<void>;
  dispose(): Promise<void>;
}

/** Defines the suite for one driver. */
export function exerciseDriver(name: string, makeLab: () => Promise<DriverLab>): void {
  describe(`${name} as a driver`, () => {
    let lab: DriverLab;

    beforeEach(async () => {
      lab = await makeLab();
    });

    afterEach(() => lab.dispose());

    const start = async (id: EffectId, command = lab.command): Promise<void> => {
      await lab.driver.start(id, command, contextOf());
      await settle();
    };

    it('resolves a start once it is handed over, and reports the end later', async () => {
      await start(idOf());
      expect(lab.sink.kinds().filter(kind => kind.startsWith('finished'))).to.deep.equal([]);
      await lab.finish(idOf());
      expect(lab.sink.outcome?.kind).to.equal('succeeded');
      expect(lab.sink.reports.at(-1)?.id).to.deep.equal(idOf());
    });

    it('converges on a start of the same id: one end is reported', async () => {
      await start(idOf());
      await start(idOf());
      await lab.finish(idOf());
      expect(lab.sink.kinds().filter(kind => kind.startsWith('finished'))).to.deep.equal([
        'finished succeeded',
      ]);
    });

    it('keeps two ids apart', async () => {
      const [one, other] = [idOf(1, 'app[0].one'), idOf(1, 'app[0].other')];
      await start(one);
      await start(other);
      await lab.finish(one);
      await lab.finish(other);
      expect(
        lab.sink.reports.filter(({ report }) => report.kind === 'finished').map(({ id }) => id.step),
      ).to.have.members(['app[0].one', 'app[0].other']);
    });

    it('answers a cancel with an end that is no success', async () => {
      await start(idOf());
      await lab.driver.cancel(idOf(), lab.command.agent, 'the test says so');
      await lab.answerCancel(idOf());
      expect(['failed', 'refused', 'interrupted']).to.include(lab.sink.outcome?.kind);
    });

    it('answers a cancel of an id that nobody knows as refused', async () => {
      await lab.driver.cancel(idOf(77), undefined, 'the test says so');
      await settle();
      expect(lab.sink.outcome?.kind).to.equal('refused');
      expect(lab.sink.reports.at(-1)?.id).to.deep.equal(idOf(77));
    });

    it('fails at once when there is no such agent, in a sentence that names it', async () => {
      await start(idOf(), { ...lab.command, agent: 'nobody' });
      expect(lab.sink.error.kind).to.equal('unreachable');
      expect(lab.sink.error.message).to.contain("'nobody'");
    });

    it('closes more than once, and reports nothing after', async () => {
      await start(idOf());
      await lab.driver.close();
      await lab.driver.close();
      const before = lab.sink.reports.length;
      await lab.driver.cancel(idOf(78), undefined, 'too late');
      await settle();
      expect(lab.sink.reports).to.have.length(before);
    });
  });
}
