#!/bin/bash
# Stops the primary so that its successor has all that it wrote. Where that cannot be, it leads on and nothing is changed.
# Runs as the agent's own user, who can start Node.js; the server runs as its own user.
#
# Inputs: directory, owner, node, address, port
#         successor, successor_address, successor_port
#         postgresql                    client.mjs finds the npm package 'pg' from there
#         admin_password                (hidden)
# Run again: looks whether the successor has everything, where the server is stopped already.
set -euo pipefail
data=$directory/data
export PGUSER=postgres PGPASSWORD=$admin_password

control() {
  local as=()
  if [ "$(id -u)" = 0 ]; then as=(setpriv --reuid "$owner" --regid "$(id -g -- "$owner")" --init-groups); fi
  (cd / && "${as[@]}" "$directory/software/bin/pg_ctl" --pgdata="$data" --wait --timeout=60 "$@")
}
here() { PGHOST=$address PGPORT=$port "$node" "$directory/client.mjs" "$@"; }
there() { PGHOST=$successor_address PGPORT=$successor_port "$node" "$directory/client.mjs" "$@"; }

if [ -z "$successor_address" ]; then
  echo "There is no member '$successor': the input 'to' is the name of one." >&2
  exit 1
fi
if [ "$successor_address:$successor_port" = "$address:$port" ]; then
  echo "$successor is the primary already." >&2
  exit 1
fi
if [ "$(here sql 'SELECT pg_is_in_recovery()' 2>/dev/null)" = false ]; then
  follows=$(here sql "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND application_name = \$1" "$successor")
  if [ "$follows" = 0 ]; then
    echo "$successor does not follow the primary, or has not caught up with it yet." >&2
    exit 1
  fi
  # It ends only when every standby that follows has confirmed all of it, up to the checkpoint that says that it was stopped.
  control --mode=fast stop
fi

# In pg_control 4 bytes from the 16th are the state, where 1 is a primary that was stopped and 2 a standby; 8 from the 32nd are the position of
# the last checkpoint.
state=$(od -An -td4 -j16 -N4 -- "$data/global/pg_control" | tr -d ' ')
written=$(od -An -tu8 -j32 -N8 -- "$data/global/pg_control" | tr -d ' ')
if [ "$state" != 1 ]; then
  echo "The primary did not stop by itself, so nobody knows what it wrote in the end. If its server is lost, start the operation failover." >&2
  exit 1
fi
for try in $(seq 10); do
  received=$(there position) || received=nothing
  if [ "$received" != nothing ] && [ "$received" -gt "$written" ]; then
    touch -- "$data/standby.signal"                       # from here on what lies here is a standby's, and may follow
    if [ "$(id -u)" = 0 ]; then chown -- "$owner" "$data/standby.signal"; fi
    sync -f "$data"
    echo "$successor has everything up to $written."
    exit 0
  fi
  sleep 1
done
echo "$successor says that it has received $received, and more than $written is needed: the primary goes on." >&2
control --log="$directory/server.log" start >&2
exit 1
