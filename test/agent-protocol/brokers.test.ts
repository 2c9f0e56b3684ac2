import { expect } from 'chai';
import { brokersOf, placeOf } from '../../agent-protocol/amqp/brokers.ts';

describe('a transport URL', () => {
  const one = { host: 'h', port: 5672, user: 'u', password: 'p', vhost: '/', tls: false };

  it('names one broker, with the defaults of RabbitMQ', () => {
    expect(brokersOf('amqp://u:p@h')).to.deep.equal([one]);
    expect(brokersOf('rabbit://u:p@h:5672/')).to.deep.equal([one]);
    expect(brokersOf('amqp://h')[0]).to.include({ user: 'guest', password: 'guest' });
    expect(brokersOf('amqps://u:p@h')[0]).to.include({ port: 5671, tls: true });
  });

  it("names several, as Heat's does, each with its login or that of the one before", () => {
    const brokers = brokersOf('rabbit://a:1@x:1,b:2@y:2,z:3/cloud');
    expect(brokers.map(({ host, port, user, password }) => [host, port, user, password])).to.deep.equal([
      ['x', 1, 'a', '1'],
      ['y', 2, 'b', '2'],
      ['z', 3, 'b', '2'],
    ]);
    expect(brokers.every(({ vhost }) => vhost === 'cloud')).to.equal(true);
  });

  it('takes escapes, and IPv6 in brackets', () => {
    expect(brokersOf('amqp://u:p%40ss%2F@[::1]:5673/a%2Fb')).to.deep.equal([
      { host: '::1', port: 5673, user: 'u', password: 'p@ss/', vhost: 'a/b', tls: false },
    ]);
  });

  it('is shown without its login', () => {
    expect(brokersOf('amqp://u:p@[::1]:5673/v').map(placeOf)).to.deep.equal(['amqp://[::1]:5673/v']);
  });

  it('that cannot be used is refused with a sentence that shows no password', () => {
    for (const [url, words] of [
      ['kafka://u:secret@h', 'begins with amqp://'],
      ['amqp://u:secret@h?ssl=1', 'no options'],
      ['amqp://u:sec@ret@h', 'escape'],
      ['amqp://u:secret@h:0', 'HOST:PORT'],
      ['amqp://u:secret%zz@h', '%40'],
    ] as const) {
      expect(() => brokersOf(url), url)
        .to.throw(RangeError, words)
        .and.have.property('message')
        .that.does.not.match(/secret|sec@ret/);
    }
  });
});
