#!/bin/bash
# Makes this member's server follow whichever of the others leads, and starts it.
# The server leaves this script's session and pipes, so it outlives the script.
#
# Inputs: directory, name
#         hosts, ports   of the other members' servers, separated by commas
# Run again: starts a server that does not run; one that runs is told only of other hosts.
set -euo pipefail
data=$directory/data
programs=$directory/software/bin

if [ ! -e "$data/standby.signal" ]; then
  echo "The data in $data is no standby's: base-backup.sh has to run before." >&2
  exit 1
fi
# PostgreSQL asks one host after the other for the primary, also when another of them comes to lead later.
cat >"$directory/primary.conf.new" <<CONF
primary_conninfo = 'host=$hosts port=$ports target_session_attrs=primary user=replicator passfile=$directory/passwords application_name=$name connect_timeout=5'
CONF
changed=yes
if cmp -s -- "$directory/primary.conf.new" "$directory/primary.conf"; then changed=no; fi
mv -- "$directory/primary.conf.new" "$directory/primary.conf"

# Lines of postmaster.pid: 4 the port, 6 the address. A killed server leaves it behind, but listens no more.
mapfile -t facts < <(cat -- "$data/postmaster.pid" 2>/dev/null)
if [ "${#facts[@]}" -ge 6 ] && (exec 3<>"/dev/tcp/${facts[5]}/${facts[3]}") 2>/dev/null &&
  "$programs/pg_ctl" --pgdata="$data" status >/dev/null; then
  echo "The server runs already."
  if [ "$changed" = yes ]; then "$programs/pg_ctl" --pgdata="$data" reload; fi
  exit 0
fi
if ! "$programs/pg_ctl" --pgdata="$data" --log="$directory/server.log" --wait --timeout=60 start; then
  echo "The end of $directory/server.log:" >&2
  tail -n 15 -- "$directory/server.log" >&2
  exit 1
fi
