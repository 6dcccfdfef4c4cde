#!/usr/bin/env bash
# Form, types, architecture and the fast tests; all of them run, the exit code is 1 when one found something.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

BIN=.venv/bin
failed=()
run() {
  printf '\n--- %s\n' "$*"
  "$@" || failed+=("$*")
}

run "$BIN/ruff" format --check .
run "$BIN/ruff" check .
run "$BIN/mypy" callcenter
run "$BIN/lint-imports"
run "$BIN/python" -m pytest tests/unit -q

if [ "${#failed[@]}" -gt 0 ]; then
  printf '\ncheck found something:\n'
  printf '  %s\n' "${failed[@]}"
  exit 1
fi
printf '\ncheck: all fine\n'
