# What up.sh and down.sh share: where the state is, the ports, and daemons by their pid files. Sourced, not run.
# Belongs here: names and numbers of the services, starting and ending one daemon. Does not belong here: which there are.

SERVICES=${MURANO_WORKFLOW_SERVICES:-$HERE/../../.murano-workflow/services}
RABBIT_PORT=${RABBIT_PORT:-25672}
RABBIT_HTTP_PORT=${RABBIT_HTTP_PORT:-25673}
AGENTS_PORT=${AGENTS_PORT:-25674}
AGENTS_HTTP_PORT=${AGENTS_HTTP_PORT:-25675}
AGENTS_TLS_PORT=${AGENTS_TLS_PORT:-25676}
MARIADB_PORT=${MARIADB_PORT:-23306}
KEYSTONE_PORT=${KEYSTONE_PORT:-25000}
HEAT_PORT=${HEAT_PORT:-28004}
NOVA_PORT=${NOVA_PORT:-28774}
PLACEMENT_PORT=${PLACEMENT_PORT:-28778}
GLANCE_PORT=${GLANCE_PORT:-29292}
NEUTRON_PORT=${NEUTRON_PORT:-29696}
PYTHON=/usr/bin/python3
# Where heat-engine and heat-manage of another version are (heat-next.sh); heat-api, which knows no plugin, stays.
HEAT_BIN=${HEAT_BIN:-/usr/bin}

# Debian's Python, and byte code kept: without it every start compiles for seconds.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
unset PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

alive() { [ -s "$SERVICES/pids/$1" ] && kill -0 "$(cat "$SERVICES/pids/$1")" 2>/dev/null; }

# spawn NAME COMMAND…: in a session of its own, its output in log/NAME.log
spawn() {
  local name=$1
  shift
  alive "$name" && return 0
  setsid nohup "$@" >>"$SERVICES/log/$name.log" 2>&1 </dev/null &
  echo $! >"$SERVICES/pids/$name"
}

# free PORT NAME VARIABLE: says so when somebody else listens there already; what NAME itself listens on is no obstacle
free() {
  alive "$2" || ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
  echo "Services: port $1, which $2 needs, is taken by another program. Set $3 to a free one, or end that program." >&2
  return 1
}

# listens PORT NAME: waits until the daemon listens there
listens() {
  local try
  for try in $(seq 1200); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
    alive "$2" || break
    sleep 0.05
  done
  echo "Services: $2 does not listen on port $1. The end of $SERVICES/log/$2.log:" >&2
  tail -20 "$SERVICES/log/$2.log" >&2
  return 1
}

# gone PID SECONDS
gone() {
  local try
  for try in $(seq $(($2 * 20))); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.05
  done
  return 1
}

# end NAME: asks, waits, and ends it and its children by force
end() {
  local pid
  [ -s "$SERVICES/pids/$1" ] || return 0
  pid=$(cat "$SERVICES/pids/$1")
  kill -TERM "$pid" 2>/dev/null
  gone "$pid" "${2:-3}" || kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null
  gone "$pid" 5
  rm -f "$SERVICES/pids/$1"
}
