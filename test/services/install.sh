#!/usr/bin/env bash
# Installs, from Debian's packages, what the tests against real services need; does nothing where it is there already.
# Belongs here: packages. Does not belong here: starting anything (up.sh), what Node needs (npm).
#
#   test/services/install.sh            needs root
#
# Nothing is started: a policy-rc.d of its own refuses that for as long as this runs. keystone, nova and mariadb come as
# their libraries and cores, without the init scripts, debconf questions and hypervisors of the packages around them.
set -euo pipefail

PACKAGES=(openssl rabbitmq-server mariadb-server-core mariadb-client-core python3-keystone heat-engine heat-api python3-heatclient
  python3-openstackclient nova-common python3-placement glance-common cloud-init chromium fonts-dejavu-core)

missing=()
for package in "${PACKAGES[@]}"; do
  dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "Services: every package is there."
  exit 0
fi
if [ "$(id -u)" != 0 ]; then
  echo "Missing packages: ${missing[*]}. Install them as root: sudo $0" >&2
  exit 69
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
made_policy=
cleanup() {
  [ -n "$made_policy" ] && rm -f "$policy"
  rm -f "$log"
}
trap cleanup EXIT
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  made_policy=1
fi

echo "Services: installing ${missing[*]} …"
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -q && apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -30 "$log" >&2
  echo "Services: apt-get failed; its last lines are above." >&2
  exit 69
fi
