#!/usr/bin/env bash
# Lays out the heat-engine of Debian unstable (Heat 25 and later: native threads, a newer Python) beside this machine's own,
# for a trial of the plugin in it. Nothing is installed on the machine: a root of its own, whose Python is run from outside.
# Belongs here: making that root, and the commands into it. Does not belong here: starting anything (up.sh).
#
#   export HEAT_BIN=$(test/services/heat-next.sh DIRECTORY)      needs root and debootstrap; 0.6 GiB, some minutes
#   MURANO_WORKFLOW_SERVICES=OTHER test/services/up.sh           then the suites as ever, with HEAT_BIN still set
set -euo pipefail
mkdir -p "${1:?the directory that the root is laid out in}"
DIRECTORY=$(cd "$1" && pwd)
ROOT=$DIRECTORY/root

make_root() {
  [ -x "$ROOT/usr/bin/apt-get" ] || debootstrap --variant=minbase unstable "$ROOT" ${MIRROR:+"$MIRROR"}
  printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d"
  chmod +x "$ROOT/usr/sbin/policy-rc.d"
  DEBIAN_FRONTEND=noninteractive chroot "$ROOT" apt-get install -y --no-install-recommends python3-heat
}

# The root's own loader and libraries, so that neither a mount nor a chroot is needed while it runs.
write_commands() {
  local name
  mkdir -p "$DIRECTORY/bin"
  cat >"$DIRECTORY/bin/python3" <<END
#!/bin/sh
export PYTHONHOME=$ROOT/usr
exec $ROOT/lib64/ld-linux-x86-64.so.2 --library-path $ROOT/usr/lib/x86_64-linux-gnu --argv0 python3 $ROOT/usr/bin/python3 "\$@"
END
  for name in engine manage; do
    cat >"$DIRECTORY/bin/heat-$name" <<END
#!/bin/sh
exec $DIRECTORY/bin/python3 -W ignore -c 'import sys; sys.argv[0] = "heat-$name"; from heat.cmd.$name import main; sys.exit(main())' "\$@"
END
  done
  chmod +x "$DIRECTORY"/bin/*
}

if ! "$DIRECTORY/bin/python3" -W ignore -c 'import heat.engine.resource' >&2 2>/dev/null; then
  if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
    echo "A root with a newer Heat is made by debootstrap, as root: sudo apt-get install debootstrap, then sudo $0 $1" >&2
    exit 69
  fi
  make_root >"$DIRECTORY/make.log" 2>&1 || { tail -20 "$DIRECTORY/make.log" >&2; exit 1; }
  write_commands
fi
echo "$DIRECTORY/bin"
