// The envelope against bytes that oslo.messaging itself put on the wire.
// Belongs here: recorded requests and replies. Does not belong here: a live client (rpc-server.test.ts).
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodeRequest,
  encodeBeat,
  encodeFailure,
  encodeResult,
  type RpcRequest,
} from '../../engine/heat/envelope.ts';
import { noSuchMethod, unsupportedVersion } from '../../engine/heat/failures.ts';
import { inProject } from '../support/project.ts';

interface Exchange {
  readonly what: string;
  readonly request: object;
  readonly replies: readonly Enveloped[];
}
interface Enveloped {
  readonly 'oslo.version': string;
  readonly 'oslo.message': string;
}

const recorded = JSON.parse(readFileSync(inProject('test/heat/fixtures/oslo-rpc.json'), 'utf8')) as {
  readonly exchanges: readonly Exchange[];
  readonly heat: object;
};
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const decoded = (body: Uint8Array): RpcRequest => {
  const found = decodeRequest(body);
  if ('refused' in found) throw new Error(found.refused);
  return found.request;
};
const exchange = (what: RegExp): Exchange => {
  const found = recorded.exchanges.find(one => what.test(one.what));
  if (found === undefined) throw new Error(`nothing recorded for ${String(what)}`);
  return found;
};
const inner = (body: Uint8Array): { readonly [key: string]: unknown } => {
  const outer = JSON.parse(Buffer.from(body).toString()) as Enveloped;
  expect(outer['oslo.version']).to.equal('2.0');
  return JSON.parse(outer['oslo.message']) as { [key: string]: unknown };
};

describe('the envelope of oslo.messaging', () => {
  it('reads every recorded request', () => {
    for (const { request } of recorded.exchanges) expect(decoded(bytes(request)).method).to.match(/^\w+$/);
  });

  it('knows a call by its reply address, and a cast by having none', () => {
    const call = decoded(bytes(exchange(/^call \{"version": "1.0"/).request));
    expect(call.args).to.deep.equal({ message: { a: [1, null, true, 'é'] } });
    expect(call.reply?.queue).to.match(/^reply_[0-9a-f]{32}$/);
    expect(call.reply?.monitor).to.equal(null);
    expect(decoded(bytes(exchange(/^cast/).request)).reply).to.equal(undefined);
    expect(decoded(bytes(exchange(/^call slow .*"_timeout": 2/).request)).reply?.monitor).to.equal(2);
  });

  it("takes ids from Heat's context and leaves the token", () => {
    const request = decoded(bytes(recorded.heat));
    expect(request.context.userId).to.match(/^[0-9a-f]{32}$/);
    expect(request.context.projectId).to.match(/^[0-9a-f]{32}$/);
    expect(request.context.requestId).to.match(/^req-/);
    expect(JSON.stringify(request)).to.not.include('TOKEN');
  });

  it('writes answers as oslo does: the same keys, the failure as text of its own', () => {
    const reply = { queue: 'q', id: 'i', monitor: null };
    const [result] = exchange(/null result/).replies;
    const ours = inner(encodeResult(reply, null, 'u'));
    expect(Object.keys(ours)).to.deep.equal(
      Object.keys(JSON.parse(result?.['oslo.message'] ?? '{}') as object),
    );
    expect(ours).to.include({ result: null, failure: null, ending: true, _msg_id: 'i', _unique_id: 'u' });
    expect(inner(encodeBeat(reply, 'u'))).to.include({ ending: false, failure: null });

    for (const [what, failure] of [
      [/no such method/, noSuchMethod('nosuch')],
      [/"version": "1.9"/, unsupportedVersion('1.9', 'echo')],
    ] as const) {
      const text = JSON.parse(exchange(what).replies[0]?.['oslo.message'] ?? '{}') as { failure: string };
      const theirs = JSON.parse(text.failure) as { [key: string]: unknown };
      const said = JSON.parse(inner(encodeFailure(reply, failure, 'u'))['failure'] as string) as object;
      expect(Object.keys(said).sort()).to.deep.equal(Object.keys(theirs).sort());
      expect(said).to.include({ class: theirs['class'], module: theirs['module'] });
    }
  });

  it('refuses what is too deep, too large, or would be answered to no queue, before it is looked at', () => {
    const enveloped = (message: string): Uint8Array =>
      bytes({ 'oslo.version': '2.0', 'oslo.message': message });
    const args = (value: string): string => `{"method":"m","args":{"a":${value}}}`;
    const deep = '['.repeat(50_000) + ']'.repeat(50_000);
    expect(decodeRequest(enveloped(args(deep))))
      .to.have.property('refused')
      .that.matches(/deeper/);
    expect(decodeRequest(Buffer.from(deep))).to.have.property('refused');
    const long = JSON.stringify({ method: 'm', _msg_id: 'i', _reply_q: 'é'.repeat(130) });
    expect(decodeRequest(enveloped(long)))
      .to.have.property('refused')
      .that.matches(/_reply_q/);
    expect(decodeRequest(Buffer.alloc(33 * 1024 * 1024, 32)))
      .to.have.property('refused')
      .that.matches(/bytes/);
  });

  it('refuses anything else with a reason, and never throws', () => {
    for (const wrong of [
      '',
      '{}',
      '[]',
      'null',
      '{"oslo.version":"3.0","oslo.message":"{}"}',
      '{"oslo.version":"2.0","oslo.message":"x"}',
    ])
      expect(decodeRequest(Buffer.from(wrong))).to.have.property('refused');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), noise => {
        expect(decodeRequest(noise)).to.be.an('object');
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (outer, message) => {
        expect(
          decodeRequest(bytes({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) })),
        ).to.be.an('object');
        expect(decodeRequest(bytes(outer))).to.be.an('object');
      }),
    );
  });
});
