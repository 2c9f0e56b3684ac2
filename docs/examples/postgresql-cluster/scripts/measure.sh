#!/bin/bash
# Says how much of the write-ahead log this member's server has: what it wrote, or what it received and keeps on disk.
# Runs as the agent's own user, who can start Node.js.
#
# Inputs:  directory, node, address, port
#          postgresql                    client.mjs finds the npm package 'pg' from there
#          admin_password                (hidden)
# Outputs: position         bytes since the databases began; -1 where no server answers, which can then not be the best
#          accepts_writes   true: it is no standby
# Run again: only looks.
set -euo pipefail

export PGHOST=$address PGPORT=$port PGUSER=postgres PGPASSWORD=$admin_password
position=-1 recovers=true
if [ ! -e "$directory/data/PG_VERSION" ]; then
  echo "There are no databases here yet."
elif ! recovers=$("$node" "$directory/client.mjs" sql 'SELECT pg_is_in_recovery()') ||
  ! position=$("$node" "$directory/client.mjs" position); then
  echo "The server at $address:$port does not answer."
  position=-1 recovers=true
fi
printf %s "$position" >"${heat_outputs_path}.position"
if [ "$recovers" = false ]; then writes=true; else writes=false; fi
printf %s "$writes" >"${heat_outputs_path}.accepts_writes"
