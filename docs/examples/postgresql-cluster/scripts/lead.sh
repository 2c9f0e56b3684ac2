#!/bin/bash
# Makes this member's server the one that accepts writes: starts the first of all, promotes a standby.
# Runs as the agent's own user, who can start Node.js; the server runs as its own user.
#
# Inputs: directory, owner, node, address, port
#         others                        the other members' servers, a list of maps: name, address, port
#         postgresql                    client.mjs finds the npm package 'pg' from there
#         admin_password                (hidden)
# Run again: does nothing when the server accepts writes.
# A standby is promoted only when no other has received more, and only when it runs: else nobody could tell what would be lost.
set -euo pipefail
data=$directory/data
export PGHOST=$address PGPORT=$port PGUSER=postgres PGPASSWORD=$admin_password

# As root only the server's user may do this; the server leaves this script's session and pipes, so it outlives the script.
control() {
  local as=()
  if [ "$(id -u)" = 0 ]; then as=(setpriv --reuid "$owner" --regid "$(id -g -- "$owner")" --init-groups); fi
  (cd / && "${as[@]}" "$directory/software/bin/pg_ctl" --pgdata="$data" --wait --timeout=60 "$@")
}
recovers() { "$node" "$directory/client.mjs" sql 'SELECT pg_is_in_recovery()' 2>/dev/null; }

if [ -e "$directory/led-before" ]; then
  echo "What lies in $data is from when this member led before, and another one has led since. Start the operation failover." >&2
  exit 1
elif [ -e "$data/standby.signal" ]; then
  if ! own=$("$node" "$directory/client.mjs" position); then
    echo "The standby at $address:$port does not run, so nobody knows whether another one has more. Start the operation failover, which asks all of them." >&2
    exit 1
  fi
  ahead=$("$node" "$directory/client.mjs" ahead "$own" "$others" | paste -sd, -)
  if [ -n "$ahead" ]; then
    echo "Not promoted, for these have received more of what was written: $ahead. Start the operation failover, which takes the one that has most." >&2
    exit 1
  fi
  control promote
elif [ "$(recovers)" != false ]; then
  if ! control --log="$directory/server.log" start; then
    echo "The end of $directory/server.log:" >&2
    tail -n 15 -- "$directory/server.log" >&2
    exit 1
  fi
fi
if [ "$(recovers)" != false ]; then
  echo "The server at $address:$port does not accept writes." >&2
  exit 1
fi
echo "The server at $address:$port leads."
