#!/bin/bash
# Stops this member's server: takes no new connections, ends those there are, writes a checkpoint.
#
# Inputs: directory
# Run again: does nothing when no server runs.
set -euo pipefail
data=$directory/data
control=$directory/software/bin/pg_ctl

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
