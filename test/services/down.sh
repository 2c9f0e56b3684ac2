#!/usr/bin/env bash
# Ends exactly the daemons that up.sh started, those that stand on others first, and removes their state.
# Belongs here: the order of ending. Does not belong here: anything that up.sh did not start.
#
#   test/services/down.sh [--keep]     --keep leaves databases, queues and logs for the next start
set -uo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/common.sh"
[ -d "$SERVICES/pids" ] || exit 0

nova=(nova-api_os_compute nova-compute nova-scheduler nova-conductor glance-api placement neutron-stub)
# All are asked at once: some take seconds to end.
for name in heat-api heat-engine "${nova[@]}"; do alive "$name" && kill -TERM "$(cat "$SERVICES/pids/$name")" 2>/dev/null; done
for name in heat-api heat-engine "${nova[@]}" keystone; do end "$name"; done
end mariadb 10
if [ -s "$SERVICES/pids/rabbit" ]; then
  . "$SERVICES/rabbit/env"
  # The node is a child of the script that started it, and ends in order when asked itself.
  if node=$(cat "$SERVICES/rabbit/pid" 2>/dev/null); then
    kill -TERM "$node" 2>/dev/null
    gone "$node" 10
  fi
  end rabbit
  epmd -port "$ERL_EPMD_PORT" -kill >/dev/null 2>&1
fi
[ "${1:-}" = --keep ] || rm -rf "$SERVICES"
