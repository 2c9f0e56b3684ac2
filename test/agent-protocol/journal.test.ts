// Behaviour of the journal: what survives, what is cut, what is refused, and a disk that is full.
import { readFileSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { frame, openJournal, readFrames } from '../../agent-protocol/agent/journal.ts';
import type { Journal, OpenedJournal } from '../../agent-protocol/agent/journal.ts';
import type { JournalRecord } from '../../agent-protocol/agent-records.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const record = (key: string): JournalRecord => ({ kind: 'forgotten', key });

async function opened(directory: string): Promise<OpenedJournal> {
  const result = await openJournal(directory);
  if ('damaged' in result) throw new Error(result.damaged);
  return result;
}

describe('journal', () => {
  it('gives back what was appended, over restarts and rewriting', async () => {
    const directory = await temporaryDirectory();
    let { journal }: { journal: Journal } = await opened(directory);
    await journal.append([record('a'), record('b')]);
    await journal.append([record('c')]);
    await journal.close();
    const again = await opened(directory);
    expect(again.records).to.deep.equal([record('a'), record('b'), record('c')]);
    journal = again.journal;
    await journal.rewrite([record('z')]);
    await journal.append([record('y')]);
    await journal.close();
    const last = await opened(directory);
    expect(last.records).to.deep.equal([record('z'), record('y')]);
    expect(last.journal.length).to.equal(2);
    await last.journal.close();
  });

  it('torn at any byte, loses the last append and nothing else', () => {
    const first = frame([record('a'), record('b')]);
    const whole = Buffer.concat([first, frame([record('c'), record('d')])]);
    for (let cut = first.length; cut < whole.length; cut += 1) {
      expect(readFrames(whole.subarray(0, cut))).to.deep.equal({
        records: [record('a'), record('b')],
        end: first.length,
      });
      const zeros = Buffer.concat([whole.subarray(0, cut), Buffer.alloc(64)]);
      expect(readFrames(zeros)).to.deep.include({ end: first.length });
    }
  });

  it('any flipped bit before the last append is damage, and never a wrong record', () => {
    const first = frame([record('a')]);
    const whole = Buffer.concat([first, frame([record('b')]), frame([record('c')])]);
    const good = JSON.stringify([record('a'), record('b'), record('c')]);
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const bytes = Buffer.from(whole);
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
      const read = readFrames(bytes);
      if (bit < first.length * 16) expect(read, `bit ${bit}`).to.have.property('damaged');
      else
        expect('records' in read && good.startsWith(JSON.stringify(read.records).slice(0, -1))).to.equal(
          true,
        );
    }
  });

  it('cuts a torn tail off the file, and leaves a damaged file as it is', async () => {
    const directory = await temporaryDirectory();
    const file = path.join(directory, 'journal');
    const torn = Buffer.concat([frame([record('a')]), frame([record('b')]).subarray(0, 20)]);
    writeFileSync(file, torn);
    const { journal, records, cut } = await opened(directory);
    expect(records).to.deep.equal([record('a')]);
    expect(cut).to.equal(20);
    await journal.append([record('c')]);
    await journal.close();
    const bytes = readFileSync(file);
    expect(readFrames(bytes)).to.deep.include({ records: [record('a'), record('c')] });
    bytes[15] = 0;
    writeFileSync(file, bytes);
    expect(await openJournal(directory)).to.have.property('damaged');
    expect(readFileSync(file).equals(bytes)).to.equal(true);
  });

  it('after a failed append is as before, and has its reserve to give', async () => {
    const directory = await temporaryDirectory();
    let room = 1024 * 1024 + 200;
    const files = {
      async write(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
        const part = bytes.subarray(0, Math.max(0, room));
        await handle.write(part, 0, part.length, position);
        room -= part.length;
        if (part.length < bytes.length) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      },
      sync: (handle: FileHandle) => handle.datasync(),
    };
    const result = await openJournal(directory, files);
    if ('damaged' in result) throw new Error(result.damaged);
    const { journal } = result;
    await journal.append([record('a')]);
    const failed = await journal.append([record('x'.repeat(500))]).catch((error: Error) => error.message);
    expect(failed).to.equal('no space left');
    expect(await journal.read()).to.deep.equal([record('a')]);
    expect(await journal.releaseReserve()).to.equal(true);
    room += 1024 * 1024;
    await journal.append([record('b')]);
    expect(await journal.releaseReserve()).to.equal(false);
    await journal.close();
    expect(readFrames(readFileSync(path.join(directory, 'journal')))).to.deep.include({
      records: [record('a'), record('b')],
    });
  });
});
