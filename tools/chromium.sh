#!/usr/bin/env bash
# See to it that a Chromium is there for the browser tests. Never fails: without one they skip and say so.
set -uo pipefail

for name in chromium chromium-browser google-chrome google-chrome-stable; do
  command -v "$name" >/dev/null && exit 0
done

say() { printf 'chromium: %s\n' "$*" >&2; }

as_root=()
if [ "$(id -u)" != 0 ]; then
  as_root=(sudo -n)
  sudo -n true 2>/dev/null || as_root=(missing)
fi

# Ubuntu's package of that name is only a pointer to a snap, so Debian alone is served here.
if ! grep -qs '^ID=debian' /etc/os-release || [ "${as_root[0]-}" = missing ]; then
  say "none found, browser tests will skip; on Debian: apt-get install chromium (as root)"
  exit 0
fi

say "installing Debian's package"
export DEBIAN_FRONTEND=noninteractive
if ! { "${as_root[@]}" apt-get -qq update \
  && "${as_root[@]}" apt-get -qq install -y --no-install-recommends chromium; } >/dev/null; then
  say "apt-get could not install it, browser tests will skip"
fi
exit 0
