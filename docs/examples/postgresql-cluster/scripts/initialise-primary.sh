#!/bin/bash
# Makes the database cluster that the standbys will copy: users, passwords, who may connect. Starts nothing.
#
# Inputs:  directory, network   who may connect: an address range such as 10.0.0.0/24
#          admin_password, replication_password, application_password   (hidden)
# Run again: does nothing when the data is there. It is made beside and moved into place, so it is whole or absent.
set -euo pipefail
data=$directory/data
programs=$directory/software/bin

# What an earlier, killed run left behind may still be at work: its processes hold this lock until they end.
exec 9<"$directory/.postgresql-cluster"
flock -w 60 9 || { echo "An earlier run of this workflow is still at work in $directory." >&2; exit 1; }
if [ -e "$data/PG_VERSION" ]; then
  echo "The data is there already."
  exit 0
fi

rm -rf -- "$data.new"
"$programs/initdb" --pgdata="$data.new" --username=postgres --pwfile=<(printf %s "$admin_password") \
  --auth=scram-sha-256 --encoding=UTF8 --locale=C

cat >>"$data.new/postgresql.conf" <<CONF

# Written by initialise-primary.sh
unix_socket_directories = ''
wal_level = replica
max_wal_senders = 20
wal_keep_size = 256MB
hot_standby = on
# What is each member's own lies beside its data, so a copy needs no change.
include_if_exists = '../settings.conf'
include_if_exists = '../primary.conf'
CONF

cat >"$data.new/pg_hba.conf" <<CONF
# Written by initialise-primary.sh: passwords for everybody, from the cluster's network only.
host all         all        $network scram-sha-256
host replication replicator $network scram-sha-256
CONF

# The server isn't running yet: single-user mode reads one command a line. PostgreSQL stores only hashes of the passwords.
# It waits for no standby, which there is none of yet.
"$programs/postgres" --single -D "$data.new" -c exit_on_error=on -c log_checkpoints=off -c synchronous_standby_names= postgres >/dev/null <<SQL
CREATE ROLE replicator REPLICATION LOGIN PASSWORD '${replication_password//\'/\'\'}'
CREATE ROLE app LOGIN PASSWORD '${application_password//\'/\'\'}'
CREATE DATABASE app OWNER app
SQL

sync -f "$data.new"
mv -- "$data.new" "$data"
