// 1,000 agents at once, over a RabbitMQ of their own: all come in one moment, work, lose their connections, and come back.
// Belongs here: what only a crowd shows. Does not belong here: how long it takes (test/bench/).
import { mkdir } from 'node:fs/promises';
import { expect } from 'chai';
import { AgentWorld } from '../bench/agents.ts';
import { type AmqpLab, openAmqpLab } from '../bench/amqp-lab.ts';
import { fan } from '../bench/shapes.ts';
import { canRunBroker } from '../support/own-broker.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const AGENTS = 1_000;

if (canRunBroker('1,000 agents at once')) {
  describe('1,000 agents', function () {
    this.timeout(300_000);
    let lab: AmqpLab;
    let world: AgentWorld | undefined;

    afterEach(async () => {
      await world?.close();
      await lab.own.end();
    });

    it('A26: come in one moment, each does its step once; cut off in one moment, they do it again', async () => {
      const directory = await temporaryDirectory();
      await mkdir(`${directory}/world`);
      lab = await openAmqpLab(directory);
      const shape = fan(AGENTS);
      const agents = Object.values(shape.members).flatMap(group => group.map(({ agent }) => agent));
      world = await AgentWorld.around(`${directory}/world`, await lab.wayFor(agents));
      await world.staff(shape, true);
      await world.run('first', shape);
      expect(world.starts).to.equal(shape.steps);
      const second = world.run('second', shape);
      await lab.own.found.control('close_all_connections test');
      await second;
      expect(world.starts).to.equal(2 * shape.steps);
    });
  });
}
