#!/bin/bash
# Makes this member's server run with the settings that lie in its folder: starts it again if they are newer than its start.
#
# Inputs: directory, shared_buffers   the value itself stands in settings.conf already
# Run again: does nothing when the server was started after the settings were written.
set -euo pipefail
data=$directory/data

# Line 3 of postmaster.pid: when the server started, in seconds since the epoch.
started=$(sed -n 3p "$data/postmaster.pid" 2>/dev/null || true)
written=$(stat -c %Y -- "$directory/settings.conf")
if [ -n "$started" ] && [ "$written" -lt "$started" ]; then
  echo "The server runs with shared_buffers = $shared_buffers already."
  exit 0
fi
if ! "$directory/software/bin/pg_ctl" --pgdata="$data" --log="$directory/server.log" --mode=fast --wait --timeout=120 restart; then
  echo "The end of $directory/server.log:" >&2
  tail -n 15 -- "$directory/server.log" >&2
  exit 1
fi
