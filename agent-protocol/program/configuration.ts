// The files that tell the program who it is and what it may do.
// Belongs here: reading them, with sentences that name the file. Does not belong here: their shapes (enrolment/config.ts,
// agent/policy.ts).
import { readFile } from 'node:fs/promises';
import { decodePolicy, type Policy } from '../agent/policy.ts';
import { type AgentConfig, decodeConfig } from '../enrolment/config.ts';
import { UsageError } from './options.ts';

/** Throws UsageError: a file that is not there, cannot be read, or is wrong; no sentence shows a value of it. */
export async function readConfiguration(file: string): Promise<AgentConfig> {
  const bytes = await read(file);
  if (bytes === undefined) {
    throw new UsageError(
      `There is no configuration ${file}. User data of a Murano::Agent writes it at the first boot; --config names another.`,
    );
  }
  const decoded = decodeConfig(bytes);
  if ('refused' in decoded)
    throw new UsageError(`The configuration ${file} cannot be used: ${decoded.refused}.`);
  return decoded.config;
}

/** No file: nothing is forbidden. One that cannot be used throws UsageError: what it forbade must not run. */
export async function readPolicy(file: string): Promise<Policy | undefined> {
  const bytes = await read(file);
  if (bytes === undefined) return undefined;
  const decoded = decodePolicy(bytes);
  if ('refused' in decoded) throw new UsageError(`The policy ${file} cannot be used: ${decoded.refused}.`);
  return decoded.policy;
}

async function read(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new UsageError(`${file} cannot be read: ${message}.`);
  }
}
