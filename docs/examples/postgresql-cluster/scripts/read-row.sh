#!/bin/bash
# Reads, on this standby, the row that was written on the primary. Exit 75: it has not come over yet.
#
# Inputs:  directory, node, postgresql, address, port, token, application_password (hidden)
# Outputs: received   how far this standby has followed the primary (a position in the write-ahead log)
# Run again: only looks.
set -euo pipefail

export PGHOST=$address PGPORT=$port PGDATABASE=app PGUSER=app PGPASSWORD=$application_password
if [ "$("$node" "$directory/client.mjs" sql 'SELECT pg_is_in_recovery()')" != true ]; then
  echo "The server at $address:$port is no standby." >&2
  exit 1
fi
# The table itself comes over like any other change: ask whether it is there before reading it.
found=none
if [ "$("$node" "$directory/client.mjs" sql "SELECT to_regclass('proof') IS NOT NULL")" = true ]; then
  found=$("$node" "$directory/client.mjs" sql 'SELECT token FROM proof WHERE token = $1' "$token")
fi
if [ "$found" != "$token" ]; then
  echo "The row $token has not reached $address:$port yet." >&2
  exit 75
fi
"$node" "$directory/client.mjs" sql 'SELECT pg_last_wal_replay_lsn()' | tr -d '\n' >"${heat_outputs_path}.received"
echo "Read the row $token."
