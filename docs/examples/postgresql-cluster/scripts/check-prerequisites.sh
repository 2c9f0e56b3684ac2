#!/bin/bash
# Makes sure that a server can run here, as the user that will run it, and tells the others where to find it.
#
# Inputs:  directory, address, port
# Outputs: port, address, directory, version
# Run again: only looks. A port that this member's own server uses counts as free.
set -euo pipefail

if [ ! -w "$directory" ]; then
  echo "User $(id -un) cannot write to $directory: set the input 'base_directory' to a place it can reach." >&2
  exit 1
fi
if ! version=$("$directory/software/bin/postgres" --version 2>&1); then
  echo "PostgreSQL does not start here: $version" >&2
  exit 1
fi

own_port=$(sed -n 4p "$directory/data/postmaster.pid" 2>/dev/null || true)
if [ "$own_port" != "$port" ] && (exec 3<>"/dev/tcp/$address/$port") 2>/dev/null; then
  echo "Port $port at $address is taken by another program: set the input 'first_port' to another number." >&2
  exit 1
fi

printf %s "$port" >"${heat_outputs_path}.port"
printf %s "$address" >"${heat_outputs_path}.address"
printf %s "$directory" >"${heat_outputs_path}.directory"
printf %s "${version##* }" >"${heat_outputs_path}.version"
