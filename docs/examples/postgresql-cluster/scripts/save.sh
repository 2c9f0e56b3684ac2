#!/bin/bash
# Saves the primary's databases: a copy that is whole in itself, with the write-ahead log that puts it right.
# Runs as the agent's own user, who can start Node.js; the copy is given to the server's user at the end.
#
# Inputs:  directory, label, owner, node, address, port
#          postgresql                    client.mjs finds the npm package 'pg' from there
#          admin_password                (hidden)
# Outputs: path
# Run again: replaces the copy of that label. It is made beside and moved into place, so it is whole or as it was.
# To use it: a server started on a copy of it, without standby.signal, has the databases as they were at the end of the backup.
set -euo pipefail
target=$directory/backups/$label

exec 9<"$directory/.postgresql-cluster"
flock -w 60 9 || { echo "An earlier run of this workflow is still at work in $directory." >&2; exit 1; }

mkdir -p -- "$directory/backups"
rm -rf -- "$target.new"
mkdir -m 0700 -- "$target.new"
PGHOST=$address PGPORT=$port PGUSER=postgres PGPASSWORD=$admin_password "$node" "$directory/client.mjs" save "$target.new"
if [ "$(id -u)" = 0 ]; then chown -R -- "$owner" "$directory/backups"; fi
sync -f "$target.new"
rm -rf -- "$target"
mv -- "$target.new" "$target"
printf %s "$target" >"${heat_outputs_path}.path"
echo "Saved in $target."
