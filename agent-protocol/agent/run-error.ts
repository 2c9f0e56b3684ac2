// Why a run cannot be started, or its results not be read: the sentence that becomes `result.reason`.
// Belongs here: the error. Does not belong here: failures of a script (they are exit records).

export class RunError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RunError';
  }
}

/** One sentence for anything that went wrong while preparing or reading a run. */
export function reasonOf(error: unknown): string {
  if (error instanceof RunError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return `The disk of the agent is full (${message}). Free some space and retry.`;
  return `The agent could not do it: ${message}`;
}
