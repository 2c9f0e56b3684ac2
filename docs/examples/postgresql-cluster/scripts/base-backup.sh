#!/bin/bash
# Makes this member a standby: copies the running primary and tells the copy whom to follow.
# Runs as the agent's own user, who can start Node.js; the data is given to the server's user at the end.
#
# Inputs:  directory, port, owner, node
#          postgresql                    client.mjs finds the npm package 'pg' from there
#          primary_address, primary_port
#          admin_password, replication_password   (hidden)
# Run again: does nothing when the copy is there. It is made beside and moved into place, so it is whole or absent.
set -euo pipefail
data=$directory/data
passwords=$directory/passwords

# What an earlier, killed run left behind may still be at work: its processes hold this lock until they end.
exec 9<"$directory/.postgresql-cluster"
flock -w 60 9 || { echo "An earlier run of this workflow is still at work in $directory." >&2; exit 1; }
if [ -e "$data/PG_VERSION" ]; then
  echo "The copy is there already."
  exit 0
fi

rm -rf -- "$data.new"
mkdir -m 0700 -- "$data.new"
PGHOST=$primary_address PGPORT=$primary_port PGUSER=postgres PGPASSWORD=$admin_password \
  "$node" "$directory/client.mjs" backup "$data.new"

(umask 077 && printf '*:*:*:replicator:%s\n' "$replication_password" >"$passwords")
cat >>"$data.new/postgresql.conf" <<CONF

# Written by base-backup.sh: what differs from the primary. The included files say where the primary is, and the settings.
port = $port
include = '$directory/primary.conf'
include_if_exists = '$directory/settings.conf'
CONF
touch -- "$data.new/standby.signal"

if [ "$(id -u)" = 0 ]; then chown -R -- "$owner" "$data.new" "$passwords"; fi
sync -f "$data.new"
mv -- "$data.new" "$data"
