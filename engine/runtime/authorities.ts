// Files of certificate authorities, which several settings name.
// Belongs here: reading one, and what to do where that fails. Does not belong here: whom they are believed for.
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { EngineError, errorText } from '../base/errors.ts';

/** PEM. `setting`: what names the file, for who has to mend it. Rejects with EngineError `usage` for one that holds no certificate. */
export async function readAuthorities(file: string, setting: string): Promise<string> {
  try {
    const ca = await readFile(file, 'utf8');
    createSecureContext({ ca });
    if (!ca.includes('BEGIN CERTIFICATE')) throw new Error(`${file} holds no PEM certificate`);
    return ca;
  } catch (thrown) {
    throw new EngineError(
      'usage',
      `The certificate authorities of ${setting} cannot be used: ${errorText(thrown)}`,
      `Let ${setting} name a file of PEM certificates.`,
    );
  }
}
