#!/usr/bin/env bash
# Adds Placement, Glance and Nova with its fake driver to what up.sh started: servers become ACTIVE, no machine runs.
# Belongs here: these daemons, their configuration, the order of starting. Does not belong here: packages (install.sh).
#
#   test/services/nova.sh          after up.sh; down.sh ends these too
#
# There is no Neutron: a stub answers its lists with nothing, which is all that Nova asks of it for servers without
# networks (`networks: [{allocate_network: none}]`). The daemons are started from Debian's libraries; the packages around
# them would bring a hypervisor.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/common.sh"
SERVICES=$(cd "$SERVICES" && pwd)
mkdir -p "$SERVICES"/{glance,nova/instances}
socket=$SERVICES/mariadb.sock

database() { echo "mysql+pymysql://nova:secret@127.0.0.1:$MARIADB_PORT/$1?charset=utf8mb4"; }

make_databases() {
  local name
  for name in nova nova_api nova_cell0 placement glance; do
    mariadb -uroot -S "$socket" -e "create database if not exists $name character set utf8mb4;
      grant all on $name.* to nova@'127.0.0.1' identified by 'secret'"
  done
}

# keystone_section SECTION USER [LINE…]: how a daemon logs in
keystone_section() {
  local section=$1 user=$2
  shift 2
  printf '%s\n' "[$section]" "www_authenticate_uri = http://127.0.0.1:$KEYSTONE_PORT" \
    "auth_url = http://127.0.0.1:$KEYSTONE_PORT" 'auth_type = password' "username = $user" 'password = secret' \
    'project_name = service' 'user_domain_name = Default' 'project_domain_name = Default' "$@"
}

write_nova_conf() {
  cat <<END
[DEFAULT]
transport_url = rabbit://guest:guest@127.0.0.1:$RABBIT_PORT/
compute_driver = fake.FakeDriver
host = fake1
my_ip = 127.0.0.1
state_path = $SERVICES/nova
instances_path = $SERVICES/nova/instances
osapi_compute_listen = 127.0.0.1
osapi_compute_listen_port = $NOVA_PORT
osapi_compute_workers = 1
enabled_apis = osapi_compute
force_config_drive = false
heal_instance_info_cache_interval = -1
# On a busy machine it may be silent for a minute, and no server is to be refused for that.
service_down_time = 3600
reserved_host_memory_mb = 0
[api]
auth_strategy = keystone
[api_database]
connection = $(database nova_api)
[database]
connection = $(database nova)
[conductor]
workers = 1
[scheduler]
workers = 1
[glance]
api_servers = http://127.0.0.1:$GLANCE_PORT
[vnc]
enabled = false
[oslo_concurrency]
lock_path = $SERVICES/lock
[oslo_messaging_notifications]
driver = noop
[wsgi]
api_paste_config = /etc/nova/api-paste.ini
[quota]
instances = -1
cores = -1
ram = -1
[filter_scheduler]
track_instance_changes = false
END
  keystone_section keystone_authtoken nova
  keystone_section placement nova 'region_name = RegionOne' 'valid_interfaces = public'
  keystone_section neutron nova 'region_name = RegionOne' "endpoint_override = http://127.0.0.1:$NEUTRON_PORT"
}

write_configuration() {
  write_nova_conf >"$SERVICES/etc/nova.conf"
  {
    printf '[placement_database]\nconnection = %s\n[api]\nauth_strategy = keystone\n' "$(database placement)"
    keystone_section keystone_authtoken placement
  } >"$SERVICES/etc/placement.conf"
  {
    cat <<END
[DEFAULT]
bind_host = 127.0.0.1
bind_port = $GLANCE_PORT
workers = 0
enabled_backends = file:file
[database]
connection = $(database glance)
[glance_store]
default_backend = file
[file]
filesystem_store_datadir = $SERVICES/glance
[os_glance_staging_store]
filesystem_store_datadir = $SERVICES/glance/staging
[os_glance_tasks_store]
filesystem_store_datadir = $SERVICES/glance/tasks
[paste_deploy]
flavor = keystone
config_file = /etc/glance/glance-api-paste.ini
END
    keystone_section keystone_authtoken glance
  } >"$SERVICES/etc/glance-api.conf"
}

make_tables() {
  [ -e "$SERVICES/nova/made" ] && return 0
  local manage=(nova-manage --config-file "$SERVICES/etc/nova.conf") others
  {
    placement-manage --config-file "$SERVICES/etc/placement.conf" db sync
    glance-manage --config-file "$SERVICES/etc/glance-api.conf" db_sync
  } >"$SERVICES/log/placement-glance-setup.log" 2>&1 &
  others=$!
  {
    "${manage[@]}" api_db sync
    "${manage[@]}" cell_v2 map_cell0 --database_connection "$(database nova_cell0)"
    "${manage[@]}" cell_v2 create_cell --name=cell1
    "${manage[@]}" db sync
  } >"$SERVICES/log/nova-setup.log" 2>&1
  wait $others
  touch "$SERVICES/nova/made"
}

# python_daemon NAME MODULE OPTION…: the entry point of a library, under the daemon's name
python_daemon() {
  local name=$1 module=$2
  shift 2
  spawn "$name" "$PYTHON" -c "import sys; sys.argv[0] = '$name'; from $module import main; main()" \
    --log-file "$SERVICES/log/$name.log" "$@"
}

start_daemons() {
  local part
  spawn placement env OS_PLACEMENT_CONFIG_DIR="$SERVICES/etc" uwsgi --plugins python3 --http-socket "127.0.0.1:$PLACEMENT_PORT" \
    --wsgi-file /usr/bin/placement-api --master --processes 1 --threads 4 --enable-threads --lazy-apps --die-on-term \
    --buffer-size 65535 --disable-logging
  python_daemon glance-api glance.cmd.api --config-file "$SERVICES/etc/glance-api.conf"
  spawn neutron-stub "$PYTHON" "$HERE/neutron_stub.py" "$NEUTRON_PORT"
  listens "$PLACEMENT_PORT" placement
  for part in conductor scheduler compute api_os_compute; do
    python_daemon "nova-$part" "nova.cmd.$part" --config-file "$SERVICES/etc/nova.conf"
  done
  listens "$GLANCE_PORT" glance-api
  listens "$NOVA_PORT" nova-api_os_compute
}

rows() { mariadb -uroot -S "$socket" -N -e "select count(*) from $1" 2>/dev/null; }

# Nova looks for new hosts once a minute; asked as soon as the compute service is known, it finds it at once.
discover_host() {
  local try
  for try in $(seq 240); do
    [ "$(rows nova.compute_nodes)" = 1 ] && break
    sleep 0.25
  done
  [ "$(rows nova_api.host_mappings)" = 1 ] ||
    nova-manage --config-file "$SERVICES/etc/nova.conf" cell_v2 discover_hosts >>"$SERVICES/log/nova-setup.log" 2>&1
}

make_databases
write_configuration
"$PYTHON" "$HERE/bootstrap.py" "http://127.0.0.1:$KEYSTONE_PORT/v3" secret "$HEAT_PORT" \
  "compute=nova=http://127.0.0.1:$NOVA_PORT/v2.1" "placement=placement=http://127.0.0.1:$PLACEMENT_PORT" \
  "image=glance=http://127.0.0.1:$GLANCE_PORT" >"$SERVICES/log/bootstrap-nova.log" 2>&1
make_tables
start_daemons
"$PYTHON" "$HERE/nova_objects.py" "$SERVICES/openrc" >"$SERVICES/log/nova-objects.log" 2>&1
discover_host
echo "Services: Placement, Glance and Nova are up."
