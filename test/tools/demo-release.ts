// The first show of `npm run demo:heat`: a stack of two workflows created, answered, updated and deleted.
// Belongs here: the order of the show. Does not belong here: the example (docs/examples/heat-release), what it stands on (demo-stage.ts).
import type { Show, Stage } from './demo-stage.ts';

const STACK = 'release';

/** What to answer when an event says what is waited for. */
const ANSWERS: readonly (readonly [RegExp, string])[] = [
  [/waits for the signal 'tests'/, '{"signal": "tests", "data": {"passed": 42}}'],
  [/waits for an approval/, '{"approve": "service.agreed"}'],
];

export const release: Show = {
  scripts: ['up.sh'],
  brings: 'RabbitMQ, MariaDB, Keystone and Heat',
  missing: () => undefined,
  settings: () => ({}),
  async play(stage) {
    stage.say('\nA stack of two workflows. Heat orders them; the first waits for a signal, then for a yes:');
    await createAnswering(stage);
    await stage.openstack(['stack', 'output', 'show', STACK, 'text', '-c', 'output_value', '-f', 'value']);
    stage.say('\nAn update takes it up where it is; nothing that was reached is repeated:');
    const changed = ['--parameter', 'hold_in_heat=60'];
    await stage.openstack(['stack', 'update', '-t', 'release.yaml', ...changed, '--wait', STACK]);
    await stage.openstack(['stack', 'delete', '--yes', '--wait', STACK]);
  },
};

async function createAnswering(stage: Stage): Promise<void> {
  const answers = [...ANSWERS];
  const given: Promise<void>[] = [];
  await stage.openstack(['stack', 'create', '-t', 'release.yaml', '--wait', STACK], text => {
    const [next] = answers;
    if (next === undefined || !next[0].test(text)) return;
    answers.shift();
    given.push(stage.openstack(['stack', 'resource', 'signal', STACK, 'rollout', '--data', next[1]]));
  });
  await Promise.all(given);
}
