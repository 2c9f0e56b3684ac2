// A workflow of ten thousand steps in a real Heat: what its attributes weigh, and that every way to look at it still works.
// Belongs here: sizes of what Heat stores and sends. Does not belong here: which parts are cut (attributes.test.ts).
import { expect } from 'chai';
import { LIMITS } from '../../engine/base/limits.ts';
import { services } from '../support/services.ts';
import { heatSuite } from './suite.ts';
import { rows, template } from './templates.ts';

const suite = 'a workflow of ten thousand steps in a real Heat';
const found = services(suite);
if (found !== undefined) {
  describe(suite, function () {
    this.timeout(180_000);
    const { create, engine, heat } = heatSuite(found, 'heat-large');

    it('is made, shown and deleted like any other; its attributes are cut and say so', async () => {
      const outputs = {
        progress: { value: { get_attr: ['flow', 'progress'] } },
        graph: { value: { get_attr: ['flow', 'graph'] } },
      };
      await create('large', template({ flow: { definition: rows(50, 200) } }, outputs));
      const stack = await heat.settled('large');
      expect(stack?.stack_status_reason).to.equal('Stack CREATE completed successfully');
      const values = Object.fromEntries(
        (stack?.outputs ?? []).map(one => [one.output_key, one.output_value]),
      );
      expect(values['progress']).to.deep.equal({ done: 10_000, of: 10_000 });
      expect(values['graph']).to.match(/KiB are too much for an attribute/);
      const resource = await heat.resource('large', 'flow');
      const states = resource.attributes['states'] as { [entity: string]: { [state: string]: object } };
      expect(Object.keys(states['e0'] ?? {})).to.have.length(200);
      expect(states['e49']).to.deep.equal({ '(200 more states)': { reached: 200 } });
      expect(JSON.stringify(resource).length).to.be.below(256 * 1024);
      const events = await heat.events('large');
      expect(events.length).to.be.below(110);
      expect(JSON.stringify(events).length).to.be.below(LIMITS.shownGraphBytes);
      expect(engine.output).to.not.match(/error|warn/i);
    });
  });
}
