#!/bin/bash
# Removes this member's database cluster, whole or half made. Its server must be stopped.
#
# Inputs: directory
# Run again: does nothing when there is none.
set -euo pipefail

[ -e "$directory/.postgresql-cluster" ] || exit 0

# What an earlier, killed run left behind may still be at work: its processes hold this lock until they end.
exec 9<"$directory/.postgresql-cluster"
flock -w 60 9 || { echo "An earlier run of this workflow is still at work in $directory." >&2; exit 1; }

if [ -e "$directory/data/postmaster.pid" ] && kill -0 "$(head -n 1 "$directory/data/postmaster.pid")" 2>/dev/null; then
  echo "A server still uses $directory/data: stop it first." >&2
  exit 1
fi
rm -rf -- "$directory/data" "$directory/data.new" "$directory/passwords"
