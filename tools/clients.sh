#!/usr/bin/env bash
# Install the clients that the doors' acceptance rows run, into FOLDER or from Debian. Never fails: a row whose client is missing says so.
set -uo pipefail

folder=${1:?folder}
say() { printf 'clients: %s\n' "$*" >&2; }

debian() {
  local missing=()
  command -v prometheus >/dev/null || missing+=(prometheus)
  command -v influx >/dev/null || missing+=(influxdb-client)
  command -v curl >/dev/null || missing+=(curl)
  [ -x /usr/sbin/collectd ] || missing+=(collectd-core)
  ldconfig -p | grep -q libyajl.so.2 || missing+=(libyajl2)
  ldconfig -p | grep -q libcurl-gnutls.so.4 || missing+=(libcurl3-gnutls)
  [ ${#missing[@]} = 0 ] && return
  if ! grep -qs '^ID=debian' /etc/os-release || [ "$(id -u)" != 0 ]; then
    say "not installed: ${missing[*]}; on Debian, as root: apt-get install ${missing[*]}"
    return
  fi
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1 ||
    say "apt-get could not install all of them"
}

python() {
  [ -x "$folder/python/bin/glances" ] && return
  python3 -m venv "$folder/python" >/dev/null &&
    "$folder/python/bin/pip" -q install 'influxdb-client~=1.50' 'glances~=4.3' >/dev/null 2>&1 ||
    say "pip could not install influxdb-client and glances"
}

node() {
  [ -d "$folder/node/node_modules/@influxdata/influxdb-client" ] && return
  command -v npm >/dev/null || { say "not installed: npm"; return; }
  mkdir -p "$folder/node" &&
    (cd "$folder/node" && npm install --silent --no-audit --no-fund '@influxdata/influxdb-client@1' >/dev/null 2>&1) ||
    say "npm could not install @influxdata/influxdb-client"
}

mkdir -p "$folder"
debian
python
node
exit 0
