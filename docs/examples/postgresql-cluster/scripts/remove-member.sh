#!/bin/bash
# Removes the member's folder: software, log and all. The folder above goes with the last member.
#
# Inputs: directory
# Run again: does nothing when the folder is gone.
set -euo pipefail

if [ -d "$directory" ] && [ -n "$(ls -A -- "$directory")" ] && [ ! -e "$directory/.postgresql-cluster" ]; then
  echo "$directory was not made by this workflow (no mark .postgresql-cluster in it): not removed." >&2
  exit 1
fi
# The mark goes last: interrupted in the middle, this script may still run again.
if [ -d "$directory" ]; then
  find "$directory" -mindepth 1 -maxdepth 1 ! -name .postgresql-cluster -exec rm -rf -- {} +
  rm -rf -- "$directory"
fi
rmdir -- "$(dirname -- "$directory")" 2>/dev/null || true
