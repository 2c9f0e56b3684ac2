// The order in which RabbitMQ is told of a user.
// Belongs here: rule U3. Does not belong here: what users may do (users.ts).
import { expect } from 'chai';
import { importsOf } from '../../engine/broker/definitions.ts';
import { agentRights, enrolmentRights } from '../../engine/broker/rights.ts';

describe("a user's definitions", () => {
  const wanted = [agentRights('one'), enrolmentRights('one')].map(rights => ({ rights, passwordHash: 'h' }));

  it('U3: give no permission before the rule on routing keys stands', () => {
    const [first, second] = importsOf('v', wanted);
    expect(Object.keys(first)).to.deep.equal(['users', 'topic_permissions']);
    expect(Object.keys(second)).to.deep.equal(['permissions']);
  });

  it('give no tag, and no right that is not anchored', () => {
    const text = JSON.stringify(importsOf('v', wanted));
    expect(text)
      .to.match(/"tags":""/)
      .and.not.match(/"tags":"\w/);
    for (const [, pattern = ''] of text.matchAll(/"(?:configure|write|read)":"([^"]*)"/g))
      expect(pattern).to.match(/^\^.*\$$/);
  });
});
