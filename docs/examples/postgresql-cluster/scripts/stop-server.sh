#!/bin/bash
# Stops this member's server: takes no new connections, ends those there are, writes a checkpoint.
#
# Inputs: directory
#         primary   "yes": it is not stopped while a standby follows it, as when its machine alone is to be taken away
# Run again: does nothing when no server runs.
set -euo pipefail
data=$directory/data
control=$directory/software/bin/pg_ctl

if [ ! -x "$control" ] || ! "$control" --pgdata="$data" status >/dev/null 2>&1; then
  echo "No server runs."
  exit 0
fi

# Each standby has a process here, whose title says who it serves; that of one that was just stopped goes in a moment.
followers() {
  local status
  for status in $(grep -sl "^PPid:[[:space:]]*$(head -n 1 -- "$data/postmaster.pid")$" /proc/[0-9]*/status); do
    tr '\0' ' ' 2>/dev/null <"${status%status}cmdline" | grep -a '^postgres: walsender' || true
  done
}
if [ "${primary:-}" = yes ]; then
  for try in $(seq 25); do
    following=$(followers)
    [ -n "$following" ] || break
    sleep 0.2
  done
  if [ -n "$following" ]; then
    echo "Standbys still follow this primary, which would take its data with it. Remove them first, or leave this member." >&2
    echo "$following" >&2
    exit 1
  fi
fi

# A server that was killed cannot be stopped; it stays listed until its parent looks (never, in a container without init).
if grep -q '^State:[[:space:]]*Z' "/proc/$(head -n 1 -- "$data/postmaster.pid")/status" 2>/dev/null; then
  rm -f -- "$data/postmaster.pid"
  echo "The server was killed."
  exit 0
fi
"$control" --pgdata="$data" --mode=fast --wait --timeout=30 stop ||
  "$control" --pgdata="$data" --mode=immediate --wait --timeout=30 stop
