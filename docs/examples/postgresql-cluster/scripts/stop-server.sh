#!/bin/bash
# Stops this member's server: takes no new connections, ends those there are, writes a checkpoint. Standbys that follow it
# have received everything when it ends.
#
# Inputs: directory
#         leads   "no": this member is to lead no more; what lies here is no standby's, and must never be started as it is
# Run again: does nothing when no server runs.
set -euo pipefail
data=$directory/data
control=$directory/software/bin/pg_ctl

if [ "${leads:-}" = no ] && [ -e "$data/PG_VERSION" ] && [ ! -e "$data/standby.signal" ]; then touch -- "$directory/led-before"; fi
if [ ! -x "$control" ] || ! "$control" --pgdata="$data" status >/dev/null 2>&1; then
  echo "No server runs."
  exit 0
fi

# A server that was killed cannot be stopped; it stays listed until its parent looks (never, in a container without init).
if grep -q '^State:[[:space:]]*Z' "/proc/$(head -n 1 -- "$data/postmaster.pid")/status" 2>/dev/null; then
  rm -f -- "$data/postmaster.pid"
  echo "The server was killed."
  exit 0
fi
"$control" --pgdata="$data" --mode=fast --wait --timeout=30 stop ||
  "$control" --pgdata="$data" --mode=immediate --wait --timeout=30 stop
