#!/bin/bash
# Answers whether this member's server runs and listens. Exit 0: yes; 1: no.
#
# Inputs: directory
set -uo pipefail
data=$directory/data

[ -x "$directory/software/bin/pg_ctl" ] || exit 1
"$directory/software/bin/pg_ctl" --pgdata="$data" status >/dev/null 2>&1 || exit 1
# Lines of postmaster.pid: 4 the port, 6 the address, 8 "ready" or "standby" once connections are accepted.
mapfile -t facts <"$data/postmaster.pid" || exit 1
status=${facts[7]:-}
[[ ${status// /} == ready || ${status// /} == standby ]] || exit 1
# A server that was killed leaves that file behind, and its process may still be listed.
(exec 3<>"/dev/tcp/${facts[5]}/${facts[3]}") 2>/dev/null || exit 1
