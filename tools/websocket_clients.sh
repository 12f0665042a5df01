#!/usr/bin/env bash
# Install other people's clients, which `make accept` runs against the room, into the folder $1: Node-RED, wscat, wsdump.
# Exact releases, so that a row means the same tomorrow. Never fails: a row says what is missing.
set -uo pipefail
there="${1:?a folder}"
python="$(dirname "$0")/../.venv/bin/python"
mkdir -p "$there"

say() { printf 'clients: %s\n' "$*" >&2; }

if command -v npm >/dev/null; then
  for package in node-red@4.1.8 wscat@6.1.0; do
    [ -e "$there/node_modules/.bin/${package%@*}" ] && continue
    say "installing $package"
    npm install --prefix "$there" --no-audit --no-fund --ignore-scripts --loglevel=error "$package" >&2 ||
      say "npm could not install $package"
  done
else
  say "not installed: Node-RED and wscat; they need npm"
fi
[ -e "$there/python/bin/wsdump" ] || "$python" -m pip install --quiet --target "$there/python" websocket-client==1.9.2 >&2 ||
  say "pip could not install websocket-client"
exit 0
