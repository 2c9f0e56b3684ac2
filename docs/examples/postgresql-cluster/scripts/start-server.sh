#!/bin/bash
# Starts this member's PostgreSQL, primary or standby, and waits until it accepts connections.
# The server leaves this script's session and pipes, so it outlives the script.
#
# Inputs: directory
# Run again: does nothing when the server runs.
set -euo pipefail
data=$directory/data
programs=$directory/software/bin

# Lines of postmaster.pid: 4 the port, 6 the address. A killed server leaves it behind, but listens no more.
mapfile -t facts < <(cat -- "$data/postmaster.pid" 2>/dev/null)
if [ "${#facts[@]}" -ge 6 ] && (exec 3<>"/dev/tcp/${facts[5]}/${facts[3]}") 2>/dev/null &&
  "$programs/pg_ctl" --pgdata="$data" status >/dev/null; then
  echo "The server runs already."
  exit 0
fi
if ! "$programs/pg_ctl" --pgdata="$data" --log="$directory/server.log" --wait --timeout=60 start; then
  echo "The end of $directory/server.log:" >&2
  tail -n 15 -- "$directory/server.log" >&2
  exit 1
fi
