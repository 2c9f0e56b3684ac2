// Rights as RabbitMQ's definitions: what is imported, and what its lists say is there.
// Belongs here: those shapes, both ways. Does not belong here: sending them (management.ts), when (rabbitmq-users.ts).
import { FROM_AGENTS } from '../../agent-protocol/transport.ts';
import { MAX_CONNECTIONS, type Rights } from './rights.ts';

/** A user that is to be there. */
export interface WantedUser {
  readonly rights: Rights;
  readonly passwordHash: string;
}

/**
 * Two imports, in this order (U3): within one, RabbitMQ gives permissions before it sets the rules on routing keys, and
 * a user without a rule may publish under every key.
 */
export function importsOf(vhost: string, wanted: readonly WantedUser[]): readonly [object, object] {
  const users = wanted.map(({ rights, passwordHash }) => ({
    name: rights.user,
    password_hash: passwordHash,
    hashing_algorithm: HASHING,
    tags: '',
    limits: { 'max-connections': MAX_CONNECTIONS },
  }));
  const rules = wanted.map(({ rights }) => ({ vhost, ...ruleOf(rights) }));
  const permissions = wanted.map(({ rights }) => ({ vhost, ...permissionOf(rights) }));
  return [{ users, topic_permissions: rules }, { permissions }];
}

/** What the broker lists, by user; only what is needed to tell whether something is missing or other. */
export interface Present {
  readonly hashes: ReadonlyMap<string, string>;
  readonly limited: ReadonlySet<string>;
  /** `permissionOf` and `ruleOf` as text. */
  readonly permissions: ReadonlyMap<string, string>;
  readonly rules: ReadonlyMap<string, string>;
}

export function presentOf(
  users: readonly unknown[],
  permissions: readonly unknown[],
  rules: readonly unknown[],
): Present {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const each = (list: readonly unknown[]): { readonly [key: string]: unknown }[] =>
    list.filter(isMap).map(one => one);
  const pairs = (list: readonly unknown[], keys: readonly string[]): Map<string, string> =>
    new Map(each(list).map(one => [text(one['user']), keys.map(key => text(one[key])).join('\n')]));
  return {
    hashes: new Map(each(users).map(one => [text(one['name']), text(one['password_hash'])])),
    limited: new Set(
      each(users)
        .filter(({ limits }) => isMap(limits) && limits['max-connections'] === MAX_CONNECTIONS)
        .map(one => text(one['name'])),
    ),
    permissions: pairs(permissions, ['configure', 'write', 'read']),
    rules: pairs(
      each(rules).filter(one => one['exchange'] === FROM_AGENTS),
      ['write', 'read'],
    ),
  };
}

/** Whether the broker has the user as it is wanted. */
export function isPresent(present: Present, { rights, passwordHash }: WantedUser): boolean {
  const { user, configure, write, read, keys } = rights;
  return (
    present.hashes.get(user) === passwordHash &&
    present.limited.has(user) &&
    present.permissions.get(user) === [configure, write, read].join('\n') &&
    present.rules.get(user) === [keys, NOTHING].join('\n')
  );
}

const HASHING = 'rabbit_password_hashing_sha256';
const NOTHING = '^$';

const permissionOf = ({ user, configure, write, read }: Rights): object => ({ user, configure, write, read });

const ruleOf = ({ user, keys }: Rights): object => ({
  user,
  exchange: FROM_AGENTS,
  write: keys,
  read: NOTHING,
});

export const isMap = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
