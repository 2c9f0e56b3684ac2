#!/usr/bin/env bash
# A RabbitMQ for agents alone, without the cloud's services: for tests that restart or empty it, and for the demo.
# Belongs here: bringing that one up and down. Does not belong here: the services that tests share (up.sh).
#
#   MURANO_WORKFLOW_SERVICES=DIRECTORY AGENTS_PORT=… AGENTS_HTTP_PORT=… AGENTS_TLS_PORT=… test/services/broker.sh up
#   MURANO_WORKFLOW_SERVICES=DIRECTORY … test/services/broker.sh down [--keep]
set -uo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/common.sh"
. "$HERE/rabbit.sh"

case ${1:-} in
up)
  set -e
  mkdir -p "$SERVICES"/{pids,log}
  SERVICES=$(cd "$SERVICES" && pwd)
  free_for_rabbit "$AGENTS_PORT" agents-rabbit AGENTS_PORT
  free "$AGENTS_HTTP_PORT" agents-rabbit AGENTS_HTTP_PORT
  free "$AGENTS_TLS_PORT" agents-rabbit AGENTS_TLS_PORT
  start_agents_broker
  await_rabbit agents-rabbit "$AGENTS_PORT" "$AGENTS_HTTP_PORT"
  agents_broker_rc >"$SERVICES/openrc"
  ;;
down)
  [ -d "$SERVICES/pids" ] || exit 0
  end_rabbit agents-rabbit
  [ "${2:-}" = --keep ] || rm -rf "$SERVICES"
  ;;
*)
  echo "Usage: $0 up | down [--keep]" >&2
  exit 2
  ;;
esac
