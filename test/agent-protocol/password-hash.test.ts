// RabbitMQ's salted hash against the example of its documentation.
// Belongs here: that form. Does not belong here: who sends hashes.
import { expect } from 'chai';
import { hashPassword, isPasswordHash, matchesHash } from '../../agent-protocol/password-hash.ts';

describe('password hash', () => {
  // https://www.rabbitmq.com/docs/passwords, "Computing a password hash": salt 908D C60A, password test12.
  const salt = Buffer.from('908DC60A', 'hex');
  const documented = 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR';

  it("is the one in RabbitMQ's documentation", () => {
    expect(hashPassword('test12', salt)).to.equal(documented);
  });

  it('matches its password and no other', () => {
    expect(matchesHash('test12', documented)).to.equal(true);
    expect(matchesHash('test13', documented)).to.equal(false);
    expect(matchesHash('test12', 'test12')).to.equal(false);
  });

  it('has one form only', () => {
    expect(isPasswordHash(documented)).to.equal(true);
    for (const text of [
      '',
      'test12',
      `${documented}=`,
      documented.slice(1),
      ` ${documented}`,
      `${documented}AAAA`,
    ])
      expect(isPasswordHash(text), text).to.equal(false);
    expect(() => hashPassword('x', Buffer.from([1, 2, 3]))).to.throw(RangeError);
  });
});
