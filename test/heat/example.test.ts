// The example of docs/examples/heat-release, by the commands that its page shows.
// Belongs here: the `openstack` command line against a real Heat. Does not belong here: other stacks (stacks.test.ts).
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { inProject } from '../support/project.ts';
import { services } from '../support/services.ts';
import { heatSuite } from './suite.ts';

const run = promisify(execFile);
const found = services('the example in a real Heat');
if (found !== undefined) {
  describe('the example in a real Heat', function () {
    this.timeout(120_000);
    const { directory, heat } = heatSuite(found, 'heat-example', { lasting: ['release'] });

    const openstack = async (...words: string[]): Promise<string> => {
      const env = { ...found.openrc, PATH: '/usr/bin:/bin', HOME: directory };
      const cwd = inProject('docs', 'examples', 'heat-release');
      return (await run('/usr/bin/openstack', words, { cwd, env })).stdout;
    };

    it('waits for the signal and the yes, and hands its output on', async () => {
      await openstack('stack', 'create', '-t', 'release.yaml', 'release');
      await heat.told('release', 'rollout', /service\.tested waits for the signal 'tests'/);
      const tests = '{"signal": "tests", "data": {"passed": 42}}';
      await openstack('stack', 'resource', 'signal', 'release', 'rollout', '--data', tests);
      await heat.told('release', 'rollout', /Release version 2\.4\.1\? 42 tests passed\./);
      const yes = '{"approve": "service.agreed"}';
      await openstack('stack', 'resource', 'signal', 'release', 'rollout', '--data', yes);
      await heat.settled('release');
      const output = await openstack(
        'stack',
        'output',
        'show',
        'release',
        'text',
        '-c',
        'output_value',
        '-f',
        'value',
      );
      expect(output.trim()).to.equal('Dear users, version 2.4.1 is out.');
    });

    it('is updated without repeating anything, and shows only what is new', async () => {
      await openstack('stack', 'update', '-t', 'release.yaml', '--parameter', 'hold_in_heat=60', 'release');
      expect((await heat.settled('release'))?.stack_status).to.equal('UPDATE_COMPLETE');
      const told = (await heat.events('release')).filter(event =>
        event.resource_status_reason?.startsWith('service.released reached'),
      );
      expect(told).to.have.length(1);
    });
  });
}
