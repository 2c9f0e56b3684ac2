#!/usr/bin/env bash
# Brings up two real RabbitMQ (the cloud's and the agents'), MariaDB, Keystone and Heat on loopback, without systemd, for tests and for `npm run demo:heat`.
# Belongs here: which daemons, their configuration, the order of starting. Does not belong here: packages (install.sh),
# the objects in Keystone (bootstrap.py).
#
#   MURANO_WORKFLOW_SERVICES=DIRECTORY test/services/up.sh     started again it starts only what is not running
#   . DIRECTORY/openrc                                         then `openstack stack list` works, as user demo
#   test/services/down.sh                                      ends exactly what this started
#
# The passwords are all `secret`: everything listens on 127.0.0.1 only and lives as long as a test run.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PLUGINS=${PLUGINS:-$(cd "$HERE/../../heat-resource" && pwd)}
. "$HERE/common.sh"
. "$HERE/rabbit.sh"

mkdir -p "$SERVICES"/{pids,log,etc,keystone/fernet,keystone/credential,mariadb,lock}
SERVICES=$(cd "$SERVICES" && pwd)
chmod 700 "$SERVICES"/keystone/*

start_mariadb() {
  local socket=$SERVICES/mariadb.sock database
  if [ ! -d "$SERVICES/mariadb/mysql" ]; then
    mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$SERVICES/mariadb" \
      --auth-root-authentication-method=normal --skip-test-db >"$SERVICES/log/mariadb-install.log" 2>&1
  fi
  spawn mariadb mariadbd --no-defaults --user="$(id -un)" --datadir="$SERVICES/mariadb" --socket="$socket" --port="$MARIADB_PORT" \
    --bind-address=127.0.0.1 --skip-name-resolve --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M \
    --innodb-log-file-size=32M --performance-schema=0 --max-connections=400 --skip-log-bin
  listens "$MARIADB_PORT" mariadb
  for database in keystone heat; do
    mariadb -uroot -S "$socket" -e "create database if not exists $database character set utf8mb4;
      grant all on $database.* to '$database'@'127.0.0.1' identified by 'secret'"
  done
  # Of the engine's store each test makes its own.
  mariadb -uroot -S "$socket" -e "grant all on \`workflow\_%\`.* to 'workflow'@'127.0.0.1' identified by 'secret'"
}

start_keystone() {
  cat >"$SERVICES/etc/keystone.conf" <<END
[DEFAULT]
log_file = $SERVICES/log/keystone.log
[database]
connection = mysql+pymysql://keystone:secret@127.0.0.1:$MARIADB_PORT/keystone?charset=utf8mb4
[token]
provider = fernet
[fernet_tokens]
key_repository = $SERVICES/keystone/fernet
[credential]
key_repository = $SERVICES/keystone/credential
[identity]
password_hash_rounds = 4
[cache]
enabled = true
backend = dogpile.cache.memory
[oslo_policy]
enforce_scope = false
enforce_new_defaults = false
[oslo_messaging_notifications]
driver = noop
END
  if [ ! -e "$SERVICES/keystone/made" ]; then
    (umask 077 && "$PYTHON" "$HERE/keystone_setup.py" "$SERVICES/etc/keystone.conf" secret \
      "http://127.0.0.1:$KEYSTONE_PORT/v3" >>"$SERVICES/log/keystone-setup.log" 2>&1)
    touch "$SERVICES/keystone/made"
  fi
  OS_KEYSTONE_CONFIG_DIR=$SERVICES/etc OS_KEYSTONE_CONFIG_FILES=$SERVICES/etc/keystone.conf spawn keystone \
    uwsgi --plugins python3 --http-socket "127.0.0.1:$KEYSTONE_PORT" --wsgi-file /usr/bin/keystone-wsgi-public --master \
    --processes 1 --threads 1 --enable-threads --lazy-apps --die-on-term --buffer-size 65535 \
    --add-header 'Connection: close' --disable-logging --thunder-lock
  listens "$KEYSTONE_PORT" keystone
}

write_heat_conf() {
  cat >"$SERVICES/etc/heat.conf" <<END
[DEFAULT]
log_file = $SERVICES/log/heat.log
transport_url = rabbit://guest:guest@127.0.0.1:$RABBIT_PORT/
plugin_dirs = $PLUGINS
num_engine_workers = 1
auth_encryption_key = 0123456789abcdef0123456789abcdef
deferred_auth_method = trusts
trusts_delegated_roles =
stack_user_domain_name = heat
stack_domain_admin = heat_domain_admin
stack_domain_admin_password = secret
region_name_for_services = RegionOne
[database]
connection = mysql+pymysql://heat:secret@127.0.0.1:$MARIADB_PORT/heat?charset=utf8mb4
[heat_api]
bind_host = 127.0.0.1
bind_port = $HEAT_PORT
workers = 1
[keystone_authtoken]
www_authenticate_uri = http://127.0.0.1:$KEYSTONE_PORT
auth_url = http://127.0.0.1:$KEYSTONE_PORT
auth_type = password
username = heat
password = secret
project_name = service
user_domain_name = Default
project_domain_name = Default
[trustee]
auth_type = password
auth_url = http://127.0.0.1:$KEYSTONE_PORT
username = heat
password = secret
user_domain_name = Default
[clients_keystone]
auth_uri = http://127.0.0.1:$KEYSTONE_PORT
[paste_deploy]
api_paste_config = /etc/heat/api-paste.ini
[oslo_messaging_notifications]
driver = noop
[oslo_concurrency]
lock_path = $SERVICES/lock
END
}

write_openrc() {
  cat >"$SERVICES/openrc" <<END
export OS_AUTH_URL=http://127.0.0.1:$KEYSTONE_PORT/v3 OS_IDENTITY_API_VERSION=3 OS_REGION_NAME=RegionOne
export OS_USERNAME=demo OS_PASSWORD=secret OS_PROJECT_NAME=demo OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default
export MURANO_WORKFLOW_TRANSPORT_URL=amqp://guest:guest@127.0.0.1:$RABBIT_PORT/
export MARIADB_URL=mysql://workflow:secret@127.0.0.1:$MARIADB_PORT
export RABBIT_HTTP_URL=http://127.0.0.1:$RABBIT_HTTP_PORT/api RABBIT_ENV=$SERVICES/rabbit/env
END
  agents_broker_rc >>"$SERVICES/openrc"
}

start_heat() {
  write_heat_conf
  "$PYTHON" "$HERE/bootstrap.py" "http://127.0.0.1:$KEYSTONE_PORT/v3" secret "$HEAT_PORT" >"$SERVICES/log/bootstrap.log" 2>&1 &
  local bootstrap=$!
  if [ ! -e "$SERVICES/etc/heat-made" ]; then
    "$HEAT_BIN/heat-manage" --config-file "$SERVICES/etc/heat.conf" db_sync >"$SERVICES/log/heat-setup.log" 2>&1
    touch "$SERVICES/etc/heat-made"
  fi
  wait $bootstrap || { cat "$SERVICES/log/bootstrap.log" >&2; return 1; }
  listens "$RABBIT_PORT" rabbit
  listens "$RABBIT_HTTP_PORT" rabbit
  spawn heat-engine "$HEAT_BIN/heat-engine" --config-file "$SERVICES/etc/heat.conf" --log-file "$SERVICES/log/heat-engine.log"
  spawn heat-api heat-api --config-file "$SERVICES/etc/heat.conf" --log-file "$SERVICES/log/heat-api.log"
  write_openrc
  listens "$HEAT_PORT" heat-api
  "$PYTHON" "$HERE/wait_heat.py" "$SERVICES" "$RABBIT_PORT"
}

free_for_rabbit "$RABBIT_PORT" rabbit RABBIT_PORT
free_for_rabbit "$AGENTS_PORT" agents-rabbit AGENTS_PORT
free "$AGENTS_HTTP_PORT" agents-rabbit AGENTS_HTTP_PORT
free "$AGENTS_TLS_PORT" agents-rabbit AGENTS_TLS_PORT
free "$RABBIT_HTTP_PORT" rabbit RABBIT_HTTP_PORT
free "$MARIADB_PORT" mariadb MARIADB_PORT
free "$KEYSTONE_PORT" keystone KEYSTONE_PORT
free "$HEAT_PORT" heat-api HEAT_PORT
start_rabbit rabbit "$RABBIT_PORT" "$RABBIT_HTTP_PORT"
start_agents_broker
start_mariadb
start_keystone
start_heat
await_rabbit agents-rabbit "$AGENTS_PORT" "$AGENTS_HTTP_PORT"
echo "Services: RabbitMQ, a second one for agents, MariaDB, Keystone and Heat are up; state in $SERVICES."
