#!/usr/bin/env bash
# Install the systems that `opsroom bench ingest --peers` compares with. Never fails: what is missing is left out.
set -uo pipefail

say() { printf 'peers: %s\n' "$*" >&2; }

missing=()
for name in victoria-metrics prometheus influxd; do
  command -v "$name" >/dev/null || missing+=("${name/influxd/influxdb}")
done
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
[ ${#missing[@]} = 0 ] && exit 0

if ! grep -qs '^ID=debian' /etc/os-release || [ "$(id -u)" != 0 ]; then
  say "not installed: ${missing[*]}; on Debian, as root: apt-get install ${missing[*]}"
  exit 0
fi
say "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}"; } >/dev/null; then
  say "apt-get could not install all of them; what is missing is left out"
fi
exit 0
