// Which services may be called: the operator's list, and what a name leads to.
import { expect } from 'chai';
import { readEgress } from '../../engine/drivers/web/egress.ts';

const allows = (entries: readonly string[], host: string, port: number, address: string): boolean =>
  readEgress(entries).allows(host, port, address);

describe('egress', () => {
  it('allows nothing by default, and asks for no address', () => {
    expect(allows([], 'example.org', 443, '93.184.216.34')).to.equal(false);
    expect(readEgress([]).mayLookUp('example.org', 443)).to.equal(false);
    expect(readEgress(['other.org', 'example.org:80']).mayLookUp('example.org', 443)).to.equal(false);
  });

  it('allows a host, a host with a port, those below a domain, and everything public', () => {
    const outside = '93.184.216.34';
    expect(allows(['Example.org'], 'example.org', 443, outside)).to.equal(true);
    expect(allows(['example.org'], 'www.example.org', 443, outside)).to.equal(false);
    expect(allows(['example.org:443'], 'example.org', 443, outside)).to.equal(true);
    expect(allows(['example.org:443'], 'example.org', 80, outside)).to.equal(false);
    expect(allows(['*.example.org'], 'a.b.example.org', 443, outside)).to.equal(true);
    expect(allows(['*.example.org'], 'badexample.org', 443, outside)).to.equal(false);
    expect(allows(['*'], 'whatever.net', 8080, outside)).to.equal(true);
    expect(allows(['*:443'], 'whatever.net', 8080, outside)).to.equal(false);
  });

  it('a name leads to private addresses only where an entry names it, or them', () => {
    for (const address of ['10.1.2.3', '172.20.0.1', '192.168.0.9', '100.64.0.1', 'fd00::5']) {
      expect(allows(['vault.internal'], 'vault.internal', 80, address), address).to.equal(true);
      expect(allows(['*.internal', '*'], 'vault.internal', 80, address), address).to.equal(false);
    }
    expect(allows(['10.1.0.0/16'], 'vault.internal', 80, '10.1.2.3')).to.equal(true);
    expect(allows(['10.1.0.0/16'], 'vault.internal', 80, '10.2.2.3')).to.equal(false);
    expect(allows(['10.1.2.3:8200'], '10.1.2.3', 8200, '10.1.2.3')).to.equal(true);
    expect(allows(['10.1.2.3:8200'], '10.1.2.3', 80, '10.1.2.3')).to.equal(false);
    expect(allows(['[fd00::5]:8200', 'fd00::6'], 'fd00::5', 8200, 'fd00::5')).to.equal(true);
    expect(allows(['fd00::6'], 'fd00::6', 1, 'fd00::6')).to.equal(true);
  });

  it("a name never leads to this machine or to a cloud's metadata, in whatever form the address is written", () => {
    const hidden = [
      '127.0.0.1',
      '127.9.9.9',
      '::1',
      '0.0.0.0',
      '::',
      '169.254.169.254',
      'fe80::1',
      'ff02::1',
      '224.0.0.1',
      '255.255.255.255',
      '::ffff:127.0.0.1',
      '::ffff:169.254.169.254',
      '::127.0.0.1',
      '64:ff9b::127.0.0.1',
      '64:ff9b::a9fe:a9fe',
      '64:ff9b:1::7f00:1',
      '2002:7f00:1::',
      '2001:0:7f00:1::',
    ];
    for (const address of hidden) {
      expect(allows(['evil.example', '*.example', '*'], 'evil.example', 80, address), address).to.equal(
        false,
      );
      expect(allows(['0.0.0.0/0', '::/0'], 'evil.example', 80, address), address).to.equal(true);
    }
    expect(allows(['*'], 'evil.example', 80, '64:ff9b::10.0.0.1')).to.equal(false);
    expect(allows(['*'], 'good.example', 80, '64:ff9b::93.184.216.34')).to.equal(true);
    expect(allows(['127.0.0.0/8'], 'evil.example', 80, '::ffff:127.0.0.1')).to.equal(true);
  });

  it('localhost is this machine, and nothing else', () => {
    expect(allows(['localhost:8080'], 'localhost', 8080, '127.0.0.1')).to.equal(true);
    expect(allows(['localhost:8080'], 'localhost', 8080, '::1')).to.equal(true);
    expect(allows(['localhost'], 'localhost', 8080, '169.254.169.254')).to.equal(false);
  });

  it('says which entry it cannot understand', () => {
    const wrong = [
      '',
      'https://example.org',
      'example.org/x',
      '10.0.0.0/33',
      'a:b',
      'a.org:0',
      'a.org:99999',
      '*x.org',
      '1.2.3',
      'user@host',
    ];
    for (const entry of wrong)
      expect(() => readEgress([entry]), entry).to.throw(`'${entry}' is no host that can be allowed`);
  });
});
