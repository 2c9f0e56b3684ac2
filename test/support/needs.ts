// Tests that need something of the machine: run, announced as left out, or, where nothing may be left out, failed.
// Belongs here: that decision. Does not belong here: what a test does, or bringing services up (.ci/).

/** Set by .ci/run: there every suite runs. */
const ALL = process.env['MURANO_WORKFLOW_ALL_SUITES'] === '1';

export const isRoot = process.getuid?.() === 0;
export const isLinux = process.platform === 'linux';

/**
 * True when the test can run. Else false, said on standard error, so that nobody takes what was left out for passed;
 * an error where all suites must run. `what` completes the sentence "It needs …".
 */
export function needs(holds: boolean, test: string, what: string): boolean {
  if (holds) return true;
  const sentence = `Left out: ${test}. It needs ${what}.`;
  if (ALL) throw new Error(`${sentence} MURANO_WORKFLOW_ALL_SUITES=1 says that nothing may be left out.`);
  console.warn(sentence);
  return false;
}
