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
"$control" --pgdata="$data" --mode=fast --wait --timeout=30 stop ||
  "$control" --pgdata="$data" --mode=immediate --wait --timeout=30 stop
