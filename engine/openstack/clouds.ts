// The sessions of this engine: one for each credential that is in use, so that the steps of a workflow share a token.
// Belongs here: which session, how many are kept. Does not belong here: what a session does.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { readCredential } from '../base/credential.ts';
import { errorText } from '../base/errors.ts';
import { canonicalJson, type JsonValue } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { CloudSession } from './session.ts';
import { type Cloud, CloudFault, type CloudSettings, type Heard } from './types.ts';

export class Clouds {
  readonly #settings: CloudSettings;
  readonly #now: () => number;
  readonly #heard: Heard | undefined;
  /** By a digest of the credential, the least lately used first; nothing can be read from the key. */
  readonly #sessions = new Map<string, Promise<Cloud>>();

  constructor(settings: CloudSettings, now: () => number, heard?: Heard) {
    this.#settings = settings;
    this.#now = now;
    this.#heard = heard;
  }

  /** By the right of this credential. Rejects with CloudFault `unfit`. */
  async of(credential: JsonValue): Promise<Cloud> {
    const key = createHash('sha256').update(canonicalJson(credential)).digest('hex');
    const session = this.#sessions.get(key) ?? this.#open(credential);
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > LIMITS.cloudSessions && oldest !== undefined) this.#sessions.delete(oldest);
    try {
      return await session;
    } catch (thrown) {
      this.#sessions.delete(key);
      throw new CloudFault('unfit', errorText(thrown), { cause: thrown });
    }
  }

  async #open(value: JsonValue): Promise<Cloud> {
    const credential = readCredential(value);
    const file = credential.cacert ?? this.#settings.caFile;
    const ca = file === undefined ? {} : { ca: await readFile(file, 'utf8') };
    const heard = this.#heard === undefined ? {} : { heard: this.#heard };
    return new CloudSession({ credential, settings: this.#settings, now: this.#now, ...heard, ...ca });
  }
}
