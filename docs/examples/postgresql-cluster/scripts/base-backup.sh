#!/bin/bash
# Makes what lies here a standby's: copies the running primary.
# Runs as the agent's own user, who can start Node.js; the data is given to the server's user at the end.
#
# Inputs:  directory, owner, node
#          postgresql                    client.mjs finds the npm package 'pg' from there
#          primary_address, primary_port
#          admin_password, replication_password   (hidden)
# Run again: does nothing when a standby's data is there. The copy is made beside and moved into place, so it is whole or absent.
# Who led before and was not stopped by release.sh may have written what nobody received: the new copy takes the place of that.
set -euo pipefail
data=$directory/data
passwords=$directory/passwords

# What an earlier, killed run left behind may still be at work: its processes hold this lock until they end.
exec 9<"$directory/.postgresql-cluster"
flock -w 60 9 || { echo "An earlier run of this workflow is still at work in $directory." >&2; exit 1; }
(umask 077 && printf '*:*:*:replicator:%s\n' "$replication_password" >"$passwords")
if [ "$(id -u)" = 0 ]; then chown -- "$owner" "$passwords"; fi
if [ -e "$data/standby.signal" ]; then
  echo "The copy is there already."
  exit 0
fi
if [ -e "$data/postmaster.pid" ] && kill -0 "$(head -n 1 "$data/postmaster.pid")" 2>/dev/null; then
  echo "A server still uses $data: stop it first." >&2
  exit 1
fi

rm -rf -- "$data.new"
mkdir -m 0700 -- "$data.new"
PGHOST=$primary_address PGPORT=$primary_port PGUSER=postgres PGPASSWORD=$admin_password \
  "$node" "$directory/client.mjs" backup "$data.new"

touch -- "$data.new/standby.signal"

if [ "$(id -u)" = 0 ]; then chown -R -- "$owner" "$data.new"; fi
sync -f "$data.new"
rm -rf -- "$data"
mv -- "$data.new" "$data"
rm -f -- "$directory/led-before"
