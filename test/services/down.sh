#!/usr/bin/env bash
# Ends exactly the daemons that up.sh started, those that stand on others first, and removes their state.
# Belongs here: the order of ending. Does not belong here: anything that up.sh did not start.
#
#   test/services/down.sh [--keep]     --keep leaves databases, queues and logs for the next start
set -uo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/common.sh"
. "$HERE/rabbit.sh"
[ -d "$SERVICES/pids" ] || exit 0

nova=(nova-api_os_compute nova-compute nova-scheduler nova-conductor glance-api placement neutron-stub)
# All are asked at once: some take seconds to end.
for name in heat-api heat-engine "${nova[@]}"; do alive "$name" && kill -TERM "$(cat "$SERVICES/pids/$name")" 2>/dev/null; done
for name in heat-api heat-engine "${nova[@]}" keystone; do end "$name"; done
end mariadb 10
end_rabbit agents-rabbit
end_rabbit rabbit
[ "${1:-}" = --keep ] || rm -rf "$SERVICES"
