// Judges a password hash before a broker is told it.
// Belongs here: that check. Does not belong here: making hashes (agent-protocol/password-hash.ts).
import { isPasswordHash } from '../../agent-protocol/password-hash.ts';
import { EngineError } from '../base/errors.ts';

/** EngineError `usage`; the text is not shown. */
export function checkHash(user: string, hash: string): void {
  if (isPasswordHash(hash)) return;
  throw new EngineError(
    'usage',
    `What was given as the password hash of the broker's user '${user}' is none.`,
    'It is base64 of 4 bytes of salt and the SHA-256 of salt and password.',
  );
}
