// The cookbook, run by the command itself with embedded agents and real scripts: each recipe, and its failing path.
// Belongs here: that each ends as its page says. Does not belong here: whether the rules behind it hold (machine, scenarios).
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { problemText } from '../../engine/definition/problems.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { type Ended, Workplace } from '../support/cli-process.ts';
import { inProject } from '../support/project.ts';

const cookbook = inProject('docs', 'cookbook');
const recipes = readdirSync(cookbook)
  .filter(name => name.endsWith('.workflow.yaml'))
  .map(name => name.replace('.workflow.yaml', ''));
const textOf = (name: string): string => readFileSync(path.join(cookbook, name), 'utf8');

/** A recipe in a place of its own: `data` is the folder in which its machines keep their data. */
class Kitchen {
  readonly #place: Workplace;
  readonly #recipe: string;

  private constructor(place: Workplace, recipe: string) {
    this.#place = place;
    this.#recipe = recipe;
  }

  static async open(recipe: string, files: { readonly [name: string]: string } = {}): Promise<Kitchen> {
    const data = Object.fromEntries(Object.entries(files).map(([name, text]) => [`data/${name}`, text]));
    return new Kitchen(await Workplace.make({ 'data/.keep': '', ...data }), recipe);
  }

  /** `run` with these members; the code it must end with. */
  async run(members: string, code: number): Promise<string> {
    const file = path.join(cookbook, `${this.#recipe}.workflow.yaml`);
    const inputs = ['--inputs', `directory=${this.#place.path('data')}`];
    return this.#expect(['run', file, '--members', members, ...inputs], code);
  }

  async act(code: number, word: string, ...words: readonly string[]): Promise<string> {
    return this.#expect([word, this.#recipe, ...words], code);
  }

  /** Repairs what a test broke. */
  async remove(name: string): Promise<void> {
    await rm(this.#place.path('data', name));
  }

  async outputs(): Promise<Record<string, unknown>> {
    const text = await this.#expect(['status', this.#recipe, '--json'], 0);
    return (JSON.parse(text) as { outputs: Record<string, unknown> }).outputs;
  }

  /** What a file of the data says; undefined when there is none. */
  said(name: string): string | undefined {
    const file = this.#place.path('data', name);
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  }

  /** Status of a step, as `status --json` shows it. */
  async status(step: string): Promise<string | undefined> {
    const text = await this.#expect(['status', this.#recipe, '--json'], 0);
    const { steps } = JSON.parse(text) as { steps: { id: string; record?: { status: string } }[] };
    return steps.find(({ id }) => id === step)?.record?.status;
  }

  async #expect(words: readonly string[], code: number): Promise<string> {
    const ended: Ended = await this.#place.run(...words, '--state-dir', this.#place.path('state'));
    expect(ended.code, `${words[0]}\n${ended.out}\n${ended.err}`).to.equal(code);
    return ended.out;
  }
}

describe('the cookbook', function () {
  this.timeout(60_000);

  it('lists every recipe, and each has its page', () => {
    const index = textOf('README.md');
    for (const recipe of recipes) {
      expect(index).to.include(`(${recipe}.md)`);
      expect(textOf(`${recipe}.md`)).to.include(`(${recipe}.workflow.yaml)`);
    }
    expect(recipes.length).to.equal(readdirSync(cookbook).filter(name => name.endsWith('.md')).length - 1);
  });

  for (const recipe of recipes) {
    it(`${recipe}: has no problem, and its page quotes it as it is`, () => {
      const source = textOf(`${recipe}.workflow.yaml`);
      const { problems } = parseDefinition(source, { fileName: recipe, files: {} });
      expect(problems.map(problemText)).to.deep.equal([]);
      const blocks = [...textOf(`${recipe}.md`).matchAll(/```yaml\n([^]*?)```/g)].map(
        ([, block = '']) => block,
      );
      expect(blocks).to.have.lengthOf.at.least(1);
      for (const block of blocks) expect(source).to.include(block);
    });
  }

  it('primary and standbys: the newest data lead; delete takes everything back', async () => {
    const kitchen = await Kitchen.open('primary-and-standbys', { 'db-1.position': '7' });
    await kitchen.run('db=3', 0);
    const address = 'db-1.example:5432';
    expect(await kitchen.outputs()).to.deep.equal({ primary: 'db-1', address, standbys: ['db-0', 'db-2'] });
    expect(kitchen.said('db-2.part')).to.equal(`follows ${address}`);
    await kitchen.act(0, 'delete');
    expect(['db-0', 'db-1', 'db-2'].map(name => kitchen.said(`${name}.part`))).to.deep.equal(
      Array(3).fill(undefined),
    );
  });

  it('primary and standbys: damaged data neither lead nor hold up the rest', async () => {
    const kitchen = await Kitchen.open('primary-and-standbys', {
      'db-2.position': 'broken',
      'db-3.position': '9',
    });
    expect(await kitchen.run('db=4', 0)).to.include('1 failure that the goal did not need: db[2].measured');
    expect(await kitchen.outputs()).to.deep.include({ primary: 'db-3', standbys: ['db-0', 'db-1'] });
    expect(kitchen.said('db-2.part')).to.equal(undefined);
  });

  it('quorum with fallback: who cannot be cloned is rebuilt', async () => {
    const kitchen = await Kitchen.open('quorum-with-fallback', { 'web-1.no-snapshot': '' });
    await kitchen.run('web=3', 0);
    expect(await kitchen.outputs()).to.deep.equal({ mode: 'full', serving: ['web-0', 'web-1', 'web-2'] });
    expect(kitchen.said('web-1')).to.equal('rebuilt\nstarted');
    expect(kitchen.said('web-2')).to.equal('cloned\nstarted');
  });

  it('quorum with fallback: with few it is reduced, with none it has failed and can be resumed', async () => {
    const broken = (count: number): Record<string, string> =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => `web-${index}`).flatMap(name => [
          [`${name}.no-snapshot`, ''],
          [`${name}.no-disk`, ''],
        ]),
      );
    const few = await Kitchen.open('quorum-with-fallback', broken(2));
    await few.run('web=3', 0);
    expect(await few.outputs()).to.deep.equal({ mode: 'reduced', serving: ['web-2'] });
    const none = await Kitchen.open('quorum-with-fallback', broken(3));
    await none.run('web=3', 1);
    expect(await none.status('service.reduced')).to.equal('blocked');
  });

  it('approval before a switch: a yes switches', async () => {
    const kitchen = await Kitchen.open('approval-before-a-switch');
    expect(await kitchen.run('green=2', 3)).to.include('Version 2.0 answers in 31 ms at most. Switch over?');
    expect(kitchen.said('balancer.targets')).to.equal(undefined);
    await kitchen.act(0, 'approve', 'service.agreed');
    expect(kitchen.said('balancer.targets')).to.equal('green-0 green-1');
    expect(kitchen.said('green-0.version')).to.equal('2.0');
  });

  it('approval before a switch: a no takes the new version away', async () => {
    const kitchen = await Kitchen.open('approval-before-a-switch');
    await kitchen.run('green=2', 3);
    await kitchen.act(0, 'reject', 'service.agreed');
    expect(await kitchen.status('balancer.switched')).to.equal('blocked');
    expect([kitchen.said('green-0.version'), kitchen.said('balancer.targets')]).to.deep.equal([
      undefined,
      undefined,
    ]);
  });

  it('rolling patch: one goes first, then half of them at a time', async () => {
    const kitchen = await Kitchen.open('rolling-patch');
    await kitchen.run('web=5', 0);
    const log = kitchen.said('log')?.split('\n') ?? [];
    expect(log).to.have.lengthOf(10);
    expect(log.slice(0, 2)).to.deep.equal(['web-0 out', 'web-0 in']);
    const out = log.map((_, index) => {
      const past = log.slice(0, index + 1);
      return (
        past.filter(line => line.endsWith('out')).length - past.filter(line => line.endsWith('in')).length
      );
    });
    expect(Math.max(...out)).to.equal(2);
    expect(kitchen.said('web-4.version')).to.equal('2.4.1');
  });

  it('rolling patch: stops at who does not come back, and goes on after the repair', async () => {
    const kitchen = await Kitchen.open('rolling-patch', { 'web-0.ill': '' });
    expect(await kitchen.run('web=3', 1)).to.include('web-0 does not answer after the patch.');
    expect(kitchen.said('log')).to.equal('web-0 out');
    expect(kitchen.said('web-1.fetched')).to.equal('2.4.1');
    expect(kitchen.said('web-1.version')).to.equal(undefined);
    await kitchen.remove('web-0.ill');
    await kitchen.act(0, 'resume');
    const log = kitchen.said('log')?.split('\n') ?? [];
    expect(log.toSorted()).to.deep.equal([0, 1, 2].flatMap(index => [`web-${index} in`, `web-${index} out`]));
  });

  it('tokens that expire: who comes late joins with a fresh one', async () => {
    const kitchen = await Kitchen.open('tokens-that-expire', { 'pool-2.slow': '' });
    await kitchen.run('pool=3', 0);
    const [first = 0, late = 0] = [1, 2].map(index => Number(kitchen.said(`pool-${index}`)?.split('-')[1]));
    expect(first).to.be.at.least(1);
    expect(late).to.be.greaterThan(1);
    expect(kitchen.said('tokens')?.split('\n')).to.have.lengthOf(late);
  });

  it('tokens that expire: without a fresh one who is late waits outside, until there is one', async () => {
    const kitchen = await Kitchen.open('tokens-that-expire', { 'pool-2.slow': '', 'most-tokens': '1' });
    expect(await kitchen.run('pool=3', 1)).to.include('The authority gives no token.');
    expect(kitchen.said('pool-2')).to.equal(undefined);
    await kitchen.remove('most-tokens');
    await kitchen.act(0, 'resume');
    expect(kitchen.said('pool-2')).to.match(/^joined with token-[2-9]$/);
  });

  it('operations: another leads, the others follow it, and a backup is taken once', async () => {
    const kitchen = await Kitchen.open('operations');
    await kitchen.run('db=3', 0);
    expect(kitchen.said('db-2.part')).to.equal('follows db-0');
    await kitchen.act(0, 'operate', 'failover', '--inputs', 'to=db-1');
    expect(['db-0', 'db-1', 'db-2'].map(name => kitchen.said(`${name}.part`))).to.deep.equal([
      'follows db-1',
      'leads',
      'follows db-1',
    ]);
    expect(await kitchen.outputs()).to.deep.equal({ primary: 'db-1' });
    const monday = ['operate', 'backup', '--inputs', 'label=monday', '--id', 'monday'] as const;
    await kitchen.act(0, ...monday);
    await kitchen.act(0, ...monday);
    expect(kitchen.said('backups')).to.equal('monday from db-1');
    expect(await kitchen.act(0, 'status')).to.match(
      /Operations\n.*failover .*done.*\n.*backup \(monday\) +done/,
    );
  });

  it('operations: one that fails ends with 1, and the deployment stands', async () => {
    const kitchen = await Kitchen.open('operations', { 'disk-full': '' });
    await kitchen.run('db=2', 0);
    const moved = await kitchen.act(1, 'operate', 'failover', '--inputs', 'to=db-7');
    expect(moved.replace(/\s+/g, ' '))
      .to.include('The operation failover has failed')
      .and.include('no item 0');
    expect(kitchen.said('db-0.part')).to.equal('leads');
    const saved = await kitchen.act(1, 'operate', 'backup', '--inputs', 'label=tuesday');
    expect(saved).to.include('No space is left for tuesday.').and.include('operations is complete');
    await kitchen.remove('disk-full');
    await kitchen.act(0, 'operate', 'backup', '--inputs', 'label=tuesday');
    expect(kitchen.said('backups')).to.equal('tuesday from db-0');
  });

  it('update what changed: what reads it runs again, what does the same stays', async () => {
    const kitchen = await Kitchen.open('update-what-changed');
    await kitchen.run('web=2', 0);
    const news = async (...words: readonly string[]): Promise<readonly string[]> => {
      const before = kitchen.said('log')?.split('\n').length ?? 0;
      await kitchen.act(0, ...(words as [string]));
      return kitchen.said('log')?.split('\n').slice(before) ?? [];
    };
    expect(await news('plan', '--inputs', 'port=8081')).to.deep.equal([]);
    expect(await news('update', '--inputs', 'port=8081')).to.deep.equal([
      'serving on 8081 from web-0',
      'serving on 8081 from web-1',
    ]);
    const installed = await news('update', '--inputs', 'version=1.1', '--members', 'web=3');
    expect(installed.toSorted()).to.deep.equal([
      'formatted web-2',
      'installed 1.1 on web-0',
      'installed 1.1 on web-1',
      'installed 1.1 on web-2',
      'serving on 8081 from web-2',
    ]);
  });

  it('update what changed: a version that is none stops at the first, and the way back is an update', async () => {
    const kitchen = await Kitchen.open('update-what-changed');
    await kitchen.run('web=2', 0);
    const before = kitchen.said('log');
    expect(await kitchen.act(1, 'update', '--inputs', 'version=broken')).to.include(
      'There is no version broken.',
    );
    expect(kitchen.said('log')).to.equal(before);
    await kitchen.act(0, 'update', '--inputs', 'version=1.0');
    expect(kitchen.said('log')).to.equal(`${before}\ninstalled 1.0 on web-0`);
  });

  it('new beside the old: is unpacked beside it, switched to on all machines, and only then the old one goes', async () => {
    const kitchen = await Kitchen.open('new-beside-the-old');
    await kitchen.run('web=2', 0);
    const before = kitchen.said('log')?.split('\n').length ?? 0;
    const plan = await kitchen.act(0, 'plan', '--inputs', 'version=1.1');
    expect(plan).to.match(/unpacked~2.*\n?.*once web\.unpacked and web\.serving are reached/);
    await kitchen.act(0, 'update', '--inputs', 'version=1.1');
    const lines = kitchen.said('log')?.split('\n').slice(before) ?? [];
    expect(lines.toSorted()).to.deep.equal([
      'removed web-0-1.0',
      'removed web-1-1.0',
      'unpacked 1.1 on web-0',
      'unpacked 1.1 on web-1',
      'web-0 serves web-0-1.1',
      'web-1 serves web-1-1.1',
    ]);
    expect(lines.slice(-2).every(line => line.startsWith('removed'))).to.equal(true);
  });

  it('new beside the old: what fails touches nothing, and the way back does nothing twice', async () => {
    const kitchen = await Kitchen.open('new-beside-the-old');
    await kitchen.run('web=2', 0);
    const before = kitchen.said('log');
    expect(await kitchen.act(1, 'update', '--inputs', 'version=broken')).to.include(
      'There is no version broken.',
    );
    expect(kitchen.said('log')).to.equal(before);
    expect(await kitchen.status('web[0].unpacked~2')).to.equal('reached');
    await kitchen.act(0, 'update', '--inputs', 'version=1.0');
    expect(kitchen.said('log')).to.equal(`${before}\nremoved \nremoved`);
    expect(await kitchen.status('web[0].unpacked')).to.equal('reached');
  });

  it('check-and-converge: names a file that was changed by hand, changes nothing, and brings it back', async () => {
    const kitchen = await Kitchen.open('check-and-converge');
    await kitchen.run('web=2', 0);
    expect(await kitchen.act(0, 'check')).to.include(
      '2 hold, 0 drifted, 0 could not be told, 2 without a probe',
    );
    await kitchen.remove('web-0.conf');
    expect(await kitchen.act(1, 'check')).to.include('web[0].configured on web-0: has drifted');
    expect(kitchen.said('web-0.conf')).to.equal(undefined);
    await kitchen.act(0, 'converge');
    expect(kitchen.said('web-0.conf')).to.equal('port 8080');
    expect(kitchen.said('web-0.configured')).to.equal('first\nverify');
    expect(['web-0.serving', 'web-1.configured', 'web-1.serving'].map(name => kitchen.said(name))).to.eql([
      'first',
      'first',
      'first',
    ]);
    await kitchen.act(0, 'check');
  });
});
