// How a message died, as RabbitMQ writes it into its headers.
// Belongs here: reading `x-death`. Does not belong here: what is done with dead letters (engine/agents/letters/).
import type { Death } from '../transport.ts';

/** The newest death stands first. Undefined: it has not died, or its headers are not what the broker writes. */
export function deathOf(headers: unknown): Death | undefined {
  const [last] = listOf(valueOf(headers, 'x-death'));
  const [queue, why] = [valueOf(last, 'queue'), valueOf(last, 'reason')];
  if (typeof queue !== 'string' || typeof why !== 'string') return undefined;
  const seconds = valueOf(valueOf(last, 'time'), 'value');
  return { queue, why, ...(typeof seconds === 'number' && { at: seconds * 1_000 }) };
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const valueOf = (map: unknown, key: string): unknown =>
  typeof map === 'object' && map !== null && Object.hasOwn(map, key)
    ? (map as { readonly [key: string]: unknown })[key]
    : undefined;
