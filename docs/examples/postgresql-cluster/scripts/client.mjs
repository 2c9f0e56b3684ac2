// A PostgreSQL client of five commands, for machines that have Node.js but neither psql nor pg_basebackup.
//
//   node client.mjs sql 'SELECT ... $1' PARAMETER...   prints one line per row, columns separated by tabs
//   node client.mjs backup DIRECTORY                   copies the running server's data into DIRECTORY, for a standby of it
//   node client.mjs save DIRECTORY                     the same with what it takes to start without that server
//   node client.mjs position                           how many bytes of the write-ahead log the server wrote or received
//   node client.mjs ahead POSITION SERVERS             names of those who have more, or accept writes themselves; who does not
//                                                      answer is left out. SERVERS: JSON, a list of {name, address, port}
//
// Where and as whom to connect comes from PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE. The npm package 'pg' is
// looked for from the folder named by the environment variable `postgresql` upwards, then from here.
import { mkdir, open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

const CHUNK = 4 * 1024 * 1024;
// What a base backup leaves out (PostgreSQL's manual, "Making a Base Backup Using the Low Level API"): the contents of
// these folders, and these files, wherever they are.
const EMPTY = /^(pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)\/(?!archive_status$|summaries$)/;
const LEFT_OUT = /(^|\/)(postmaster\.(pid|opts)|backup_label|tablespace_map|pg_internal\.init.*|pgsql_tmp[^/]*)(\/|$)/;
const TREE = `
  WITH RECURSIVE tree AS (
    SELECT name AS path, isdir, size FROM pg_ls_dir('.') AS name, pg_stat_file(name, true)
    UNION ALL
    SELECT path || '/' || name, entry.isdir, entry.size
      FROM tree, pg_ls_dir(path, true, false) AS name, pg_stat_file(path || '/' || name, true) AS entry
      WHERE tree.isdir
  ) SELECT path, isdir, size::float8 FROM tree WHERE isdir IS NOT NULL ORDER BY path = 'global/pg_control', path`;

function postgres() {
  const places = [process.env.postgresql, import.meta.dirname ?? process.cwd()].filter(Boolean);
  for (const place of places) {
    try {
      return createRequire(path.join(place, 'client.mjs'))('pg');
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error(`The npm package 'pg' was not found from ${places.join(' or ')}: run 'npm install pg' there.`);
}

async function sql(client, [text, ...parameters]) {
  const { rows } = await client.query({ text, values: parameters, rowMode: 'array' });
  for (const row of rows) console.log(row.map(value => value ?? '').join('\t'));
}

/** Files change while they are read; the write-ahead log from pg_backup_start on puts the copy right. */
async function backup(client, [target]) {
  await client.query("SELECT pg_backup_start('standby', true)");
  const entries = (await client.query(TREE)).rows;
  let files = 0;
  for (const { path: name, isdir, size } of entries) {
    if (EMPTY.test(name) || LEFT_OUT.test(name)) continue;
    if (isdir) await mkdir(path.join(target, name), { recursive: true, mode: 0o700 });
    else {
      await copyFile(client, name, size, path.join(target, name));
      files += 1;
    }
  }
  const { rows } = await client.query('SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)');
  const label = await open(path.join(target, 'backup_label'), 'w', 0o600);
  await label.writeFile(rows[0].labelfile);
  await label.close();
  console.log(`Copied ${files} files.`);
}

/** A backup that needs no other server: with the write-ahead log from its beginning to its end. */
async function save(client, [target]) {
  const { rows: [{ first }] } = await client.query('SELECT pg_walfile_name(pg_current_wal_lsn()) AS first');
  await backup(client, [target]);
  const { rows } = await client.query(
    "SELECT name, size::float8 FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$' AND name BETWEEN $1 AND pg_walfile_name(pg_current_wal_lsn()) ORDER BY name",
    [first],
  );
  await mkdir(path.join(target, 'pg_wal'), { recursive: true, mode: 0o700 });
  for (const { name, size } of rows) await copyFile(client, `pg_wal/${name}`, size, path.join(target, 'pg_wal', name));
}

// What a standby received lies on its disk, and is replayed before it is promoted.
const POSITION = `
  SELECT CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
              ELSE pg_current_wal_lsn() END - '0/0'::pg_lsn AS position, pg_is_in_recovery() AS follows`;

async function position(client) {
  const { rows } = await client.query(POSITION);
  console.log(rows[0].position);
}

async function ahead(_, [own, servers]) {
  for (const { name, address, port } of JSON.parse(servers)) {
    const other = new (postgres().Client)({ host: address, port, connectionTimeoutMillis: 5000 });
    other.on('error', () => {});
    try {
      await other.connect();
      const { rows } = await other.query(POSITION);
      if (!rows[0].follows || BigInt(rows[0].position) > BigInt(own)) console.log(name);
    } catch (error) {
      console.error(`${name} does not answer: ${error.message}`);
    } finally {
      await other.end().catch(() => {});
    }
  }
}

async function copyFile(client, name, size, target) {
  const file = await open(target, 'w', 0o600);
  try {
    for (let offset = 0; offset < size; offset += CHUNK) {
      const { rows } = await client.query('SELECT pg_read_binary_file($1, $2, $3, true) AS bytes', [name, offset, CHUNK]);
      if (rows[0].bytes === null) return; // dropped since it was listed: replay drops it here too
      await file.writeFile(rows[0].bytes);
    }
  } finally {
    await file.close();
  }
}

const [command, ...rest] = process.argv.slice(2);
const run = { sql, backup, save, position, ahead }[command];
if (!run) {
  console.error(`client.mjs knows 'sql', 'backup', 'save', 'position' and 'ahead', not '${command ?? ''}'.`);
  process.exit(2);
}
const client = new (postgres().Client)();
try {
  if (run !== ahead) await client.connect();
  await run(client, rest);
} catch (error) {
  console.error(`${process.env.PGHOST}:${process.env.PGPORT}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await client.end();
}
