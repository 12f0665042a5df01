#!/usr/bin/env bash
# Make .venv and install what is locked: `bootstrap.sh run` for the room alone, `bootstrap.sh dev` for work on it.
# Needs Python 3.11 or later with its venv module, or with pip. Uses pip, so the machine's own index settings hold.
set -euo pipefail
cd "$(dirname "$0")/.."

group=${1:?usage: bootstrap.sh run|dev}
venv=.venv

say() { printf 'bootstrap: %s\n' "$*" >&2; }

find_python() {
  local candidate
  for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  say "no Python 3.11 or later found; install one, or name it: make PYTHON=/path/to/python3"
  exit 1
}

make_venv() {
  local python
  python=$(find_python)
  say "making $venv with $("$python" --version)"
  rm -rf "$venv"
  # Debian splits ensurepip off into python3-venv; without it the caller's own pip serves.
  "$python" -m venv "$venv" 2>/dev/null && return
  rm -rf "$venv"
  if ! "$python" -m venv --without-pip "$venv" || ! "$python" -m pip --version >/dev/null 2>&1; then
    say "$python has neither a whole venv module nor pip; on Debian: apt-get install python3-venv"
    exit 1
  fi
  ln -sf "$(command -v "$python")" "$venv/bin/.python-with-pip"
}

pip() {
  # -qq keeps index chatter away; errors still show.
  if [ -e "$venv/bin/.python-with-pip" ]; then
    "$venv/bin/.python-with-pip" -m pip --python "$venv/bin/python" -qq --disable-pip-version-check "$@"
  else
    "$venv/bin/python" -m pip -qq --disable-pip-version-check "$@"
  fi
}

"$venv/bin/python" -c '' 2>/dev/null || make_venv

stamp="$venv/.installed-$group"
inputs=(requirements/"$group".lock requirements/build.lock pyproject.toml tools/bootstrap.sh)
# The folder counts too: scripts in .venv/bin name their interpreter by its full path.
state() { pwd && cksum "$@"; }
wanted=$(state "${inputs[@]}")
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
  touch "$stamp"
  exit 0
fi

say "installing requirements/$group.lock"
# Python compiles what is imported when it is: a room needs a quarter of what the packages hold.
pip install --no-compile --require-hashes -r "requirements/$group.lock" -r requirements/build.lock
pip install --no-build-isolation --no-deps --no-index --editable .
printf '%s\n' "$wanted" >"$stamp"
# What is installed for work on the room holds all that the room itself needs.
if [ "$group" = dev ]; then
  state requirements/run.lock "${inputs[@]:1}" >"$venv/.installed-run"
fi
