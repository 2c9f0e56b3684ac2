// Behaviour of the codec: what passes, what is refused and how, and that nothing makes it throw.
import { expect } from 'chai';
import fc from 'fast-check';
import { decode, encode, MESSAGE_KINDS } from '../../agent-protocol/codec.ts';
import type { Direction } from '../../agent-protocol/codec.ts';
import { AGENT_LIMITS } from '../../agent-protocol/limits.ts';
import type { Message } from '../../agent-protocol/messages.ts';
import { COMMAND, directionOf, SAMPLES } from './samples.ts';

const samples: readonly Message[] = Object.values(SAMPLES);
const judge = (bytes: Uint8Array, direction: Direction): { message?: Message; refused?: string } =>
  direction === 'from_agent' ? decode(bytes, 'from_agent') : decode(bytes, 'from_engine');
const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const refusal = (value: unknown, direction: Direction = 'from_engine'): string | undefined =>
  judge(bytesOf(value), direction).refused;

describe('codec', () => {
  it('gives back every kind of message as it was', () => {
    for (const sample of samples) {
      expect(judge(encode(sample), directionOf(sample.kind))).to.deep.equal({ message: sample });
    }
  });

  it('knows exactly the kinds of messages.ts', () => {
    expect([...MESSAGE_KINDS.from_agent, ...MESSAGE_KINDS.from_engine].sort()).to.deep.equal(
      Object.keys(SAMPLES).sort(),
    );
  });

  it('refuses each message in the other direction', () => {
    for (const sample of samples) {
      const other = directionOf(sample.kind) === 'from_agent' ? 'from_engine' : 'from_agent';
      expect(judge(encode(sample), other).refused).to.equal('message.kind: unknown kind');
    }
  });

  it('refuses every message with any one field missing, of a wrong type, or unknown', () => {
    for (const sample of samples) {
      const direction = directionOf(sample.kind);
      for (const field of Object.keys(sample)) {
        const { [field]: _, ...rest } = sample as unknown as Record<string, unknown>;
        expect(refusal(rest, direction), `${sample.kind} without ${field}`).to.be.a('string');
        for (const wrong of [null, -1.5, { x: 1 }, [[1]], 'ÿ\0 '.repeat(20_000)]) {
          expect(refusal({ ...sample, [field]: wrong }, direction), `${sample.kind}.${field}`).to.be.a(
            'string',
          );
        }
      }
      expect(refusal({ ...sample, extra: 1 }, direction)).to.equal('message.extra: unknown field');
    }
  });

  it('names the field and not its value', () => {
    const problem = refusal({ ...COMMAND, id: { ...COMMAND.id, step: 'S3CRET VALUE' } });
    expect(problem)
      .to.match(/^message\.id\.step: does not match/)
      .and.not.contain('S3CRET');
  });

  it('refuses nesting, sizes, numbers and keys that JSON allows and we do not', () => {
    const inputs = (text: string): Uint8Array =>
      Buffer.from(JSON.stringify(COMMAND).replace('"name":"web"', `"name":${text}`));
    expect(judge(inputs(`${'['.repeat(200_000)}${']'.repeat(200_000)}`), 'from_engine').refused).to.match(
      /nests deeper/,
    );
    expect(judge(inputs('1e400'), 'from_engine').refused).to.equal('holds a number out of range');
    expect(judge(inputs('{"__proto__":{"a":1}}'), 'from_engine').refused).to.equal('holds the key __proto__');
    expect(judge(new Uint8Array(AGENT_LIMITS.messageBytes + 1), 'from_engine').refused).to.match(/at most/);
    expect(judge(Buffer.from([0x22, 0xff, 0x22]), 'from_engine').refused).to.equal('is not UTF-8 JSON');
  });

  it('is not fooled by brackets inside text', () => {
    const command = { ...COMMAND, task: { ...COMMAND.task, text: `echo ${'[{"\\'.repeat(500)}` } };
    expect(judge(bytesOf(command), 'from_engine')).to.deep.equal({ message: command });
  });

  it('refuses to make what the other side would refuse for its size', () => {
    const finished = { ...SAMPLES.finished, stdout: 'x'.repeat(AGENT_LIMITS.messageBytes) };
    expect(() => encode(finished)).to.throw(RangeError, /at most/);
  });

  it('never throws and never passes a kind out of its direction, whatever the bytes', () => {
    const direction = fc.constantFrom<Direction>('from_agent', 'from_engine');
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.jsonValue().map(bytesOf)),
        direction,
        (bytes, way) => {
          expect(judge(bytes, way)).to.have.property('refused');
        },
      ),
    );
  });

  it('never throws on a valid message with any byte changed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        (sample, place, byte) => {
          const bytes = Uint8Array.from(encode(sample));
          bytes[place % bytes.length] = byte;
          const verdict = judge(bytes, directionOf(sample.kind));
          expect('message' in verdict || 'refused' in verdict).to.equal(true);
        },
      ),
    );
  });
});
