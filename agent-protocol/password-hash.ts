// RabbitMQ's salted password hash (rabbit_password_hashing_sha256): what is told instead of a password.
// Belongs here: making and comparing it. Does not belong here: who sends it (enrolment), what the broker does with it.
//
//   base64(salt ‖ SHA-256(salt ‖ password))     salt: 4 bytes; https://www.rabbitmq.com/docs/passwords
import { createHash, timingSafeEqual } from 'node:crypto';

const SALT_BYTES = 4;
const BYTES = SALT_BYTES + 32;

/** `salt`: 4 random bytes. The password must be long and random: the hash is quick to try. */
export function hashPassword(password: string, salt: Uint8Array): string {
  if (salt.length !== SALT_BYTES) throw new RangeError(`A salt has ${SALT_BYTES} bytes.`);
  const digest = createHash('sha256').update(salt).update(password, 'utf8').digest();
  return Buffer.concat([salt, digest]).toString('base64');
}

/** Whether the text has the form of such a hash: base64 of 36 bytes, written in the one way there is. */
export function isPasswordHash(text: string): boolean {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === BYTES && bytes.toString('base64') === text;
}

/** Whether the password is the one that was hashed. */
export function matchesHash(password: string, hash: string): boolean {
  if (!isPasswordHash(hash)) return false;
  const salt = Buffer.from(hash, 'base64').subarray(0, SALT_BYTES);
  return timingSafeEqual(Buffer.from(hashPassword(password, salt)), Buffer.from(hash));
}
