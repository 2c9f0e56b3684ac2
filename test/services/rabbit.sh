# RabbitMQ nodes, each in a folder of its own under $SERVICES: the cloud's broker and the agents'. Sourced, not run.
# Belongs here: configuring, starting and ending a node. Does not belong here: which nodes there are (up.sh, broker.sh).

# start_rabbit NAME PORT HTTP_PORT [TLS_PORT]: with TLS_PORT there must be certificates in $SERVICES/NAME/tls
# Of a cluster where RABBIT_PEERS names the ports of its nodes, this one's among them; the nodes share RABBIT_EPMD_PORT.
start_rabbit() {
  local name=$1 port=$2 http=$3 tls=${4:-} home=$SERVICES/$1
  mkdir -p "$home"
  cat >"$home/env" <<END
export HOME=$home
export RABBITMQ_NODENAME=mw$port@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$port
export RABBITMQ_DIST_PORT=$((port - 6000)) ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=${RABBIT_EPMD_PORT:-$((port - 12000))}
export RABBITMQ_MNESIA_BASE=$home/mnesia RABBITMQ_LOG_BASE=$SERVICES/log RABBITMQ_LOGS=$SERVICES/log/$name-node.log
export RABBITMQ_CONFIG_FILE=$home/rabbitmq RABBITMQ_ENABLED_PLUGINS_FILE=$home/enabled_plugins
export ERL_CRASH_DUMP=$SERVICES/log/$name-crash.dump
export RABBITMQ_CONF_ENV_FILE=$home/none RABBITMQ_PID_FILE=$home/pid
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
END
  {
    cat <<END
listeners.tcp.1 = 127.0.0.1:$port
log.console = false
log.file.level = warning
disk_free_limit.absolute = 50MB
collect_statistics_interval = 1000
management.tcp.ip = 127.0.0.1
management.tcp.port = $http
END
    [ -z "$tls" ] || cat <<END
listeners.ssl.1 = 127.0.0.1:$tls
ssl_options.cacertfile = $home/tls/ca.pem
ssl_options.certfile = $home/tls/server.pem
ssl_options.keyfile = $home/tls/server.key
ssl_options.verify = verify_none
END
    [ -z "${RABBIT_PEERS:-}" ] || peers
  } >"$home/rabbitmq.conf"
  if [ -n "${RABBIT_PEERS:-}" ] && [ ! -e "$home/.erlang.cookie" ]; then
    (umask 377 && echo "$RABBIT_EPMD_PORT-of-a-test" >"$home/.erlang.cookie")
  fi
  echo '[rabbitmq_management].' >"$home/enabled_plugins"
  # A crashing node writes what it remembers into its working directory.
  (. "$home/env" && cd "$home" && spawn "$name" /usr/lib/rabbitmq/bin/rabbitmq-server)
}

# Nodes that start for the first time find each other by this list
peers() {
  local peer number=0
  echo 'cluster_formation.peer_discovery_backend = classic_config'
  for peer in $RABBIT_PEERS; do
    number=$((number + 1))
    echo "cluster_formation.classic_config.nodes.$number = mw$peer@localhost"
  done
}

# await_rabbit NAME PORT HTTP_PORT
await_rabbit() {
  listens "$2" "$1"
  listens "$3" "$1"
}

# free_for_rabbit PORT NAME VARIABLE
free_for_rabbit() {
  free "$1" "$2" "$3"
  # Below 32768: from there on the kernel gives ports to whoever connects, and one of them may be this.
  free "$(($1 - 6000))" "$2" "$3 (6000 less is used too)"
}

# end_rabbit NAME: the node is a child of the script that started it, and ends in order when asked itself
end_rabbit() {
  local node
  [ -s "$SERVICES/pids/$1" ] || return 0
  if node=$(cat "$SERVICES/$1/pid" 2>/dev/null); then
    kill -TERM "$node" 2>/dev/null
    gone "$node" 10
  fi
  end "$1"
  (. "$SERVICES/$1/env" && epmd -port "$ERL_EPMD_PORT" -kill >/dev/null 2>&1) || true
}

# make_authority FOLDER NAME: ca.pem and ca.key of an authority for a test run
make_authority() {
  mkdir -p "$1"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$2" \
    -keyout "$1/ca.key" -out "$1/ca.pem" 2>>"$SERVICES/log/openssl.log"
}

# make_certificates FOLDER: an authority, and a certificate of it for localhost
make_certificates() {
  [ -e "$1/server.pem" ] && return 0
  make_authority "$1" 'murano-workflow tests'
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
    -keyout "$1/server.key" -out "$1/server.csr" 2>>"$SERVICES/log/openssl.log"
  openssl x509 -req -in "$1/server.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial -days 30 \
    -extfile <(echo 'subjectAltName = DNS:localhost, IP:127.0.0.1') -out "$1/server.new" 2>>"$SERVICES/log/openssl.log"
  mv "$1/server.new" "$1/server.pem"
}

# The agents' broker: a node of its own, with TLS
start_agents_broker() {
  make_certificates "$SERVICES/agents-rabbit/tls"
  start_rabbit agents-rabbit "$AGENTS_PORT" "$AGENTS_HTTP_PORT" "$AGENTS_TLS_PORT"
}

# What tests need to know of it
agents_broker_rc() {
  cat <<END
export AGENTS_TRANSPORT_URL=amqp://guest:guest@127.0.0.1:$AGENTS_PORT/ AGENTS_TLS_URL=amqps://guest:guest@localhost:$AGENTS_TLS_PORT/
export AGENTS_MANAGEMENT_URL=http://guest:guest@127.0.0.1:$AGENTS_HTTP_PORT AGENTS_CA_FILE=$SERVICES/agents-rabbit/tls/ca.pem
export AGENTS_RABBIT_ENV=$SERVICES/agents-rabbit/env
END
}
