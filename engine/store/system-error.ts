// What the operating system's refusals mean while a state directory is opened or written, as EngineErrors.
// Belongs here: the mapping of errno codes. Does not belong here: SQLite's own errors (sqlite/errors.ts).
import { EngineError, errorText } from '../base/errors.ts';

/** `store_full` or `store_failed` for an error of the operating system; everything else is returned unchanged. */
export function systemError(thrown: unknown, directory: string): unknown {
  if (thrown instanceof EngineError || !(thrown instanceof Error)) return thrown;
  const { code, syscall } = thrown as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return thrown;
  const options = { cause: thrown };
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new EngineError(
      'store_full',
      `The disk of ${directory} is full (${errorText(thrown)}).`,
      'Free space there and give the same command again; nothing is lost.',
      options,
    );
  }
  return new EngineError(
    'store_failed',
    `The state directory ${directory} cannot be used: ${errorText(thrown)}.`,
    'Check that it exists, can be written and belongs to you; then give the same command again.',
    options,
  );
}
