// A workflow of ten thousand steps whose machines work at a pace of the test's.
// Belongs here: that workflow. Does not belong here: what is measured on it (large.test.ts).
import type { Started } from '../support/drivers.ts';
import { ConsoleWorld } from './kit.ts';

const STATES = 10;

/** Ten states of each of so many machines, one after the other on each. */
const definition = (): string => `
workflow_version: 2026-11-01
description: Very many steps
entities:
  node:
    type: vm_group
    members: {min: 1, max: 1000}
    states:
${Array.from(
  { length: STATES },
  (_, at) => `      s${at}:
        ${at === 0 ? '' : `requires: [s${at - 1}]\n        `}action: {script: {bash: "echo ${at}"}}`,
).join('\n')}
goal: node.s${STATES - 1}
`;

export class LargeWorld extends ConsoleWorld {
  readonly #out: Started[] = [];

  async begin(machines: number): Promise<void> {
    this.driver.answer = started => void this.#out.push(started);
    const node = Array.from({ length: machines }, (_, index) => ({
      agent: `n-${index}`,
      name: `node-${index}`,
    }));
    await this.cluster('large', 0, {
      document: { source: definition(), fileName: 'large.yaml', files: {} },
      inputs: {},
      members: { node },
    });
  }

  /** So many steps that run end; returns how many there were. */
  async end(most: number): Promise<number> {
    const done = this.#out.splice(0, most);
    await Promise.all(
      done.map(({ id }) =>
        this.driver.report(id, { kind: 'finished', outcome: { kind: 'succeeded', outputs: {} } }),
      ),
    );
    await this.settled();
    return done.length;
  }
}
