#!/bin/bash
# Makes this member's server run with the settings that lie in its folder: starts it again if they are newer than its start. Then
# waits until it streams again: the primary to all who follow it, a standby from its primary. So never more than one is away.
# Runs as the agent's own user, who can start Node.js; the server runs as its own user.
#
# Inputs: directory, owner, node, address, port
#         followers                     of the primary: names of the standbys, separated by commas
#         postgresql                    client.mjs finds the npm package 'pg' from there
#         admin_password                (hidden)
#         shared_buffers, synchronous   the values themselves stand in settings.conf already
# Run again: starts nothing when the server was started after the settings were written, and looks whether it streams.
set -euo pipefail
data=$directory/data

# As root only the server's user may do this; the server leaves this script's session and pipes, so it outlives the script.
control() {
  local as=()
  if [ "$(id -u)" = 0 ]; then as=(setpriv --reuid "$owner" --regid "$(id -g -- "$owner")" --init-groups); fi
  (cd / && "${as[@]}" "$directory/software/bin/pg_ctl" --pgdata="$data" --wait "$@")
}
# Only the client has these: a server that is started with them would take them for its own way to the primary.
sql() {
  PGHOST=$address PGPORT=$port PGUSER=postgres PGPASSWORD=$admin_password \
    "$node" "$directory/client.mjs" sql "$1" 2>/dev/null
}
# Who does not stream, one name in a line.
missing() {
  if [ -e "$data/standby.signal" ]; then
    [ "$(sql 'SELECT status FROM pg_stat_wal_receiver')" = streaming ] || echo "this standby"
  else
    comm -23 <(tr , '\n' <<<"$followers" | sed '/^$/d' | sort) \
      <(sql "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'" | sort)
  fi
}

# Line 3 of postmaster.pid: when the server started, in seconds since the epoch.
started=$(sed -n 3p "$data/postmaster.pid" 2>/dev/null || true)
written=$(stat -c %Y -- "$directory/settings.conf")
if [ -n "$started" ] && [ "$written" -lt "$started" ]; then
  echo "The server runs with shared_buffers = $shared_buffers and synchronous = $synchronous already."
elif ! control --log="$directory/server.log" --mode=fast --timeout=120 restart; then
  echo "The end of $directory/server.log:" >&2
  tail -n 15 -- "$directory/server.log" >&2
  exit 1
fi

# A standby asks for its primary again within wal_retrieve_retry_interval, 5 seconds.
for _ in $(seq 60); do
  left=$(missing | paste -sd, -)
  if [ -z "$left" ]; then exit 0; fi
  sleep 1
done
echo "These do not stream a minute after the server runs with its settings: $left." >&2
exit 1
