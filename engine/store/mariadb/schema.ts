// The tables of the MariaDB store, as migrations.
// Belongs here: the schema and its version. Does not belong here: reading and writing rows.
//
// MariaDB cannot take CREATE TABLE back, so each statement may be run again after a migration that was cut short. Text is compared
// byte by byte and with its spaces: ids differ by case and by a blank at the end. Which charset the database has does not matter.
import { EngineError } from '../../base/errors.ts';
import { INDEXES } from '../lists.ts';
import type { Asks, Connections } from './connection.ts';

/** Order and names stay for ever. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE IF NOT EXISTS engine (id INT PRIMARY KEY, term BIGINT NOT NULL, commit_seq BIGINT NOT NULL, kept_seq BIGINT NOT NULL,
      owner TEXT NOT NULL, lease_owner VARCHAR(255) NOT NULL, lease_until BIGINT NOT NULL, lease_seq BIGINT NOT NULL, key_check VARCHAR(64) NOT NULL)`,
    `INSERT INTO engine VALUES (1, 0, 0, 0, '', '', 0, 0, '') ON DUPLICATE KEY UPDATE id = id`,
    `CREATE TABLE IF NOT EXISTS workflow (ordinal BIGINT AUTO_INCREMENT PRIMARY KEY, id VARCHAR(255) NOT NULL UNIQUE, live TINYINT NOT NULL,
      definition VARCHAR(128) NOT NULL, source LONGTEXT NOT NULL, record LONGTEXT NOT NULL, KEY workflow_live (live, ordinal))`,
    `CREATE TABLE IF NOT EXISTS step (workflow BIGINT NOT NULL, number INT NOT NULL, record LONGTEXT NOT NULL, PRIMARY KEY (workflow, number))`,
    `CREATE TABLE IF NOT EXISTS event (workflow BIGINT NOT NULL, seq BIGINT NOT NULL, at BIGINT NOT NULL, \`change\` LONGTEXT NOT NULL, PRIMARY KEY (workflow, seq))`,
    `CREATE TABLE IF NOT EXISTS inbox (ordinal BIGINT AUTO_INCREMENT PRIMARY KEY, request_id VARCHAR(255) NOT NULL UNIQUE, workflow VARCHAR(255) NOT NULL,
      kind VARCHAR(32) NOT NULL, payload LONGTEXT NOT NULL, \`by\` TEXT NOT NULL, at BIGINT NOT NULL, definition VARCHAR(128), result LONGTEXT,
      done TINYINT NOT NULL DEFAULT 0, KEY inbox_pending (done, ordinal), KEY inbox_definition (definition))`,
    `CREATE TABLE IF NOT EXISTS definition (digest VARCHAR(128) PRIMARY KEY, document LONGTEXT NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS definition_use (workflow BIGINT NOT NULL, digest VARCHAR(128) NOT NULL, PRIMARY KEY (workflow, digest), KEY definition_use_digest (digest))`,
    `CREATE TABLE IF NOT EXISTS secret (ref VARCHAR(700) PRIMARY KEY, workflow VARCHAR(255) NOT NULL, sealed LONGBLOB NOT NULL, KEY secret_workflow (workflow))`,
    `CREATE TABLE IF NOT EXISTS tombstone (id VARCHAR(255) PRIMARY KEY, ordinal BIGINT NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS kept (kind VARCHAR(32) NOT NULL, id VARCHAR(255) NOT NULL, value LONGTEXT NOT NULL, sealed LONGBLOB, PRIMARY KEY (kind, id))`,
  ],
  // Lists by filter, who asked, and what was asked. Of what was there no failure is told.
  [
    `ALTER TABLE workflow ADD COLUMN IF NOT EXISTS project VARCHAR(255) NOT NULL DEFAULT '', ADD COLUMN IF NOT EXISTS stack VARCHAR(255) NOT NULL DEFAULT '',
      ADD COLUMN IF NOT EXISTS status VARCHAR(32) NOT NULL DEFAULT '', ADD COLUMN IF NOT EXISTS waiting VARCHAR(32) NOT NULL DEFAULT '',
      ADD COLUMN IF NOT EXISTS failure VARCHAR(255) NOT NULL DEFAULT '', ADD COLUMN IF NOT EXISTS child TINYINT NOT NULL DEFAULT 0`,
    `UPDATE workflow SET project = left(coalesce(json_value(source, '$.project'), ''), 255), stack = left(json_value(source, '$.stackName'), 255),
      status = json_value(record, '$.status'), child = json_exists(source, '$.parent'),
      waiting = CASE json_value(record, '$.status') WHEN 'complete' THEN 'nothing' WHEN 'deleted' THEN 'nothing' WHEN 'held' THEN 'operator'
        WHEN 'failed' THEN 'operator' WHEN 'delete_failed' THEN 'operator' ELSE 'work' END WHERE status = ''`,
    `ALTER TABLE workflow ${Object.entries(INDEXES)
      .map(([name, columns]) => `ADD INDEX IF NOT EXISTS ${name} (${columns.join(', ')})`)
      .join(', ')}`,
    `ALTER TABLE inbox ADD COLUMN IF NOT EXISTS actor LONGTEXT`,
    `CREATE TABLE IF NOT EXISTS audit (number BIGINT PRIMARY KEY, workflow VARCHAR(255) NOT NULL, project VARCHAR(255) NOT NULL, entry LONGTEXT NOT NULL,
      hash VARCHAR(64) NOT NULL, KEY audit_workflow (workflow, number), KEY audit_project (project, number))`,
  ],
  // What a workflow's resource is called; of what was there nobody has said.
  [`ALTER TABLE workflow ADD COLUMN IF NOT EXISTS resource VARCHAR(255) NOT NULL DEFAULT ''`],
];

const VERSION = MIGRATIONS.length;
const TABLE = 'ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin';

/** Brings the schema up to date; two engines that start at once may both do so. EngineError `store_newer`, `store_failed`. */
export async function migrate(connections: Connections): Promise<void> {
  await connections.use(async connection => {
    await connection.run(`CREATE TABLE IF NOT EXISTS schema_version (version INT PRIMARY KEY) ${TABLE}`);
    const current = await versionIn(connection);
    if (current > VERSION) throw newer(connections.where, current);
    for (let version = current + 1; version <= VERSION; version += 1) await apply(connection, version);
  });
}

async function apply(connection: Asks, version: number): Promise<void> {
  for (const statement of MIGRATIONS[version - 1] ?? [])
    await connection.run(statement.startsWith('CREATE') ? `${statement} ${TABLE}` : statement);
  await connection.run(
    'INSERT INTO schema_version VALUES (?) ON DUPLICATE KEY UPDATE version = version',
    version,
  );
}

const versionIn = async (connection: Asks): Promise<number> =>
  Number((await connection.rows('SELECT max(version) AS version FROM schema_version'))[0]?.['version'] ?? 0);

const newer = (where: string, version: number): EngineError =>
  new EngineError(
    'store_newer',
    `${where} has schema ${version}; this engine knows schemas up to ${VERSION}.`,
    'Start the newer murano-workflow that wrote it, or restore a backup from before the upgrade.',
  );
