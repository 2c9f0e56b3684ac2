// The audit log is kept for so long: what is older is forgotten, the rest is whole, in a running engine.
import { expect } from 'chai';
import { ChainCheck } from '../../engine/runtime/audit.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import { silentLog } from '../../engine/runtime/log.ts';
import { forgetOnce } from '../../engine/runtime/retention.ts';
import { operating } from '../../engine/runtime/operator-views.ts';
import type { AuditEntry, NewAudit } from '../../engine/runtime/ports.ts';
import { World } from './kit.ts';

const DAY = 24 * 3_600_000;

describe('the audit log, kept for so long', () => {
  let world: World;

  beforeEach(async () => {
    world = new World();
    await world.engine.start();
    await world.create('old');
    world.clock.advance(3 * DAY);
    await world.create('young');
  });
  afterEach(() => world.engine.stop());

  const chain = (): Promise<readonly AuditEntry[]> => world.store.auditChain(0, LIMITS.auditForgotten * 3);
  const kinds = async (): Promise<string> =>
    (await chain()).map(({ kind, workflow = '' }) => `${kind} ${workflow}`.trim()).join(', ');
  async function isWhole(): Promise<boolean> {
    const check = new ChainCheck();
    return (check.take(await chain()) ?? check.end()) === undefined;
  }

  it('forgets what is older, once a day, and says so; what is young enough stays', async () => {
    const end = operating(world.engine, world.service).retain(2 * DAY, silentLog);
    await world.settled();
    expect(await kinds()).to.equal('create young, audit_forget');
    expect(await isWhole()).to.equal(true);
    world.clock.advance(DAY);
    await world.settled();
    expect(await kinds()).to.equal('create young, audit_forget');
    world.clock.advance(DAY + 1);
    await world.settled();
    world.clock.advance(DAY);
    await world.settled();
    expect(await kinds()).to.match(/^audit_forget(, audit_forget)?$/);
    expect(await isWhole()).to.equal(true);
    end();
    await world.create('last');
    world.clock.advance(9 * DAY);
    await world.settled();
    expect(await kinds()).to.match(/create last$/);
  });

  it('forgets so many at a time that nobody waits, and all in the end', async () => {
    const entry: NewAudit = {
      at: 0,
      requestId: 'r',
      kind: 'keys_rotate',
      by: 'me',
      asked: '',
      result: 'begun',
    };
    await world.store.keep(
      [],
      Array.from({ length: LIMITS.auditForgotten + 5 }, () => ({ ...entry, at: world.clock.now() })),
    );
    world.clock.advance(3 * DAY);
    const counts = [];
    for (let left = 1; left > 0; ) counts.push((left = await forgetOnce(world.engine, 2 * DAY)));
    expect(counts).to.deep.equal([LIMITS.auditForgotten, 7, 0]);
    expect(await kinds()).to.equal('audit_forget, audit_forget');
    expect(await isWhole()).to.equal(true);
  });

  it('a beginning that somebody else cut off is broken', async () => {
    const [, second] = await chain();
    const check = new ChainCheck();
    expect(check.take([second as AuditEntry])).to.equal(undefined);
    expect(check.end()).to.equal(2);
  });
});
