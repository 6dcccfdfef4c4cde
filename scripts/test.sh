#!/usr/bin/env bash
# All tests in stages, from quick to heavy. Every stage runs even when an earlier one failed; the exit code is 1 then.
# One CALLCENTER_RULES_RUN for all stages: `make rules` sees them as one full run.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export PYTHONUNBUFFERED=1
export CALLCENTER_RULES_RUN="${CALLCENTER_RULES_RUN:-local-$(date -u +%Y%m%dT%H%M%SZ)-$$}"
PYTEST=(.venv/bin/python -m pytest -q)
failed=()
lines=()
# At most so many failures of a stage with real calls are tried a second time, alone.
AGAIN=8

# Real calls beside other work can miss a moment. What fails alone, too, is broken; what passes then is named, so that
# nobody overlooks that it is shaky.
again() {
  local name=$1 limit=$2 path=$3 list=.pytest_cache/v/cache/lastfailed
  local count
  count=$(.venv/bin/python -c 'import json, sys; print(len(json.load(open(sys.argv[1]))))' "$list" 2>/dev/null || echo 0)
  [ "$count" -ge 1 ] && [ "$count" -le "$AGAIN" ] || return 1
  printf '\n=== %s: %s failed beside others; once more, alone\n' "$name" "$count"
  cat "$list"
  timeout --foreground --kill-after=30 "$limit" "${PYTEST[@]}" --last-failed --last-failed-no-failures none "$path" || return 1
  shaky="; SHAKY: $count passed only alone"
}

# stage NAME SECONDS PATH [pytest options …]
stage() {
  local name=$1 limit=$2 path=$3 began=$SECONDS code=0
  shift 3
  if [ ! -e "$path" ]; then
    lines+=("  $name: no tests yet")
    return
  fi
  printf '\n=== %s: %s\n' "$name" "$path"
  local shaky=""
  rm -f .pytest_cache/v/cache/lastfailed
  timeout --foreground --kill-after=30 "$limit" "${PYTEST[@]}" --durations=10 --durations-min=5 "$path" "$@" || code=$?
  if [ "$code" = 1 ] && [[ " asterisk browser " == *" $name "* ]]; then
    again "$name" 900 "$path" && code=0
  fi
  # 5: the folder holds no test (yet).
  if [ "$code" = 5 ]; then
    lines+=("  $name: no tests yet")
    return
  fi
  if [ "$code" = 0 ]; then
    lines+=("  $name: passed ($((SECONDS - began)) s$shaky)")
  else
    [ "$code" = 124 ] && lines+=("  $name: FAILED, not done after $limit s") || lines+=("  $name: FAILED ($((SECONDS - began)) s)")
    failed+=("$name")
  fi
}

page_code() {
  [ -d web/js/test ] || return
  local began=$SECONDS
  printf '\n=== page code: web/js/test\n'
  if (cd web && timeout --foreground 300 npm run --silent test); then
    lines+=("  page code: passed ($((SECONDS - began)) s)")
  else
    lines+=("  page code: FAILED ($((SECONDS - began)) s)")
    failed+=("page code")
  fi
}

stage unit 900 tests/unit -n 2
page_code
stage database 1500 tests/database -n 2
# Calls take as long as they take: three Asterisks beside each other keep two cores half busy.
stage asterisk 1800 tests/asterisk -n 3 --dist loadfile
# Two browsers, each with a product of its own: a page mostly waits for calls.
stage browser 1800 tests/browser -n 2 --dist loadfile
stage faults 1800 tests/faults

printf '\n=== summary (full run %s)\n' "$CALLCENTER_RULES_RUN"
printf '%s\n' "${lines[@]}"
if [ "${#failed[@]}" -gt 0 ]; then
  printf 'failed: %s\n' "${failed[*]}"
  exit 1
fi
printf 'all stages passed\n'
