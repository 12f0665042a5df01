#!/usr/bin/env bash
# Resolve pyproject.toml into requirements/*.lock: every package by version and hash, for every platform.
# The files name no package index, so they install from whichever one a machine is set up with.
# Needs uv on the PATH. Pass --upgrade to take newer releases; without it the locked versions stay.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
    --no-emit-index-url --no-emit-find-links "$@"
}

compile pyproject.toml --output-file requirements/run.lock "${@}"
compile pyproject.toml --extra postgresql --output-file requirements/postgresql.lock -c requirements/run.lock "${@}"
compile pyproject.toml --group dev --extra postgresql --extra mqtt --extra opcua --extra modbus --extra parquet \
  --output-file requirements/dev.lock -c requirements/run.lock "${@}"
echo "hatchling~=1.27" | compile - --output-file requirements/build.lock "${@}"
