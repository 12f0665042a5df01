#!/usr/bin/env bash
# See to it that strace and libfaketime are there for the fault tests and mosquitto for the connectors. Never fails: without
# them those tests skip and say so.
set -uo pipefail

missing=()
command -v strace >/dev/null || missing+=(strace)
compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || missing+=(libfaketime)
[ -x /usr/sbin/mosquitto ] || missing+=(mosquitto)
command -v mosquitto_pub >/dev/null || missing+=(mosquitto-clients)
[ "${#missing[@]}" = 0 ] && exit 0

say() { printf 'injectors: %s\n' "$*" >&2; }

if ! grep -qs '^ID=debian' /etc/os-release || [ "$(id -u)" != 0 ]; then
  say "not found: ${missing[*]}; their tests will skip; on Debian: apt-get install ${missing[*]} (as root)"
  exit 0
fi

say "installing Debian's ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}"; } >/dev/null; then
  say "apt-get could not install them, their tests will skip"
fi
exit 0
