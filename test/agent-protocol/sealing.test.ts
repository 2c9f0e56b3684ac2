// Behaviour of sealed boxes: who can open them, and where.
import { expect } from 'chai';
import { createOpener, createSealer, newSealingKey, open, seal } from '../../agent-protocol/sealing.ts';
import type { SealContext } from '../../agent-protocol/sealing.ts';
import { ID } from './samples.ts';

const context: SealContext = { agent: 'agent-1', incarnation: 'inc-1', id: ID, purpose: 'inputs' };
const text = Buffer.from('{"password":"hunter2"}');
const opened = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();

describe('sealing', () => {
  const receiver = newSealingKey();

  it('opens for its receiver in its own context', () => {
    expect(opened(open(receiver.privateKey, context, seal(receiver.publicKey, context, text)))).to.equal(
      text.toString(),
    );
  });

  it('does not open for another key, agent, incarnation, command or purpose', () => {
    const box = seal(receiver.publicKey, context, text);
    const others: readonly SealContext[] = [
      { ...context, agent: 'agent-2' },
      { ...context, incarnation: 'inc-2' },
      { ...context, id: { ...ID, dispatch: 2 } },
      { ...context, purpose: 'output:password' },
    ];
    for (const other of others) expect(open(receiver.privateKey, other, box)).to.equal(undefined);
    expect(open(newSealingKey().privateKey, context, box)).to.equal(undefined);
  });

  it('does not open when any part of it was changed or is nonsense', () => {
    const box = seal(receiver.publicKey, context, text);
    const flipped = Buffer.from(box.ciphertext, 'base64');
    flipped[0] = (flipped[0] as number) ^ 1;
    const bad = [
      { ciphertext: flipped.toString('base64') },
      { ciphertext: '' },
      { nonce: 'AAAA' },
      { ephemeral: 'AAAA' },
    ];
    for (const part of bad)
      expect(open(receiver.privateKey, context, { ...box, ...part })).to.equal(undefined);
  });

  it('reuses the key but never the nonce', () => {
    const sealer = createSealer(receiver.publicKey);
    const opener = createOpener(receiver.privateKey);
    const boxes = Array.from({ length: 50 }, () => sealer.seal(context, text));
    expect(new Set(boxes.map(box => box.ephemeral)).size).to.equal(1);
    expect(new Set(boxes.map(box => box.nonce)).size).to.equal(50);
    for (const box of boxes) expect(opened(opener.open(context, box))).to.equal(text.toString());
  });

  it('holds nothing of the plaintext', () => {
    expect(JSON.stringify(seal(receiver.publicKey, context, text))).not.to.contain(
      text.toString('base64').slice(0, 8),
    );
  });
});
