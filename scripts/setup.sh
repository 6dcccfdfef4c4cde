#!/usr/bin/env bash
# Gets everything that the project needs on this machine, and says what it does. Does nothing that is done already:
# what each step stands on is hashed, and the hash is kept in var/setup/. Needs no network when all is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

STAMPS=var/setup
VENV=.venv
began=$SECONDS

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
have() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1; }

# Whether step $1 was done for exactly the input $2.
is_done() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" = "$2" ]; }
mark_done() { mkdir -p "$STAMPS"; printf '%s\n' "$2" >"$STAMPS/$1"; }
hash_of() { cat -- "$@" 2>/dev/null | sha256sum | cut -d' ' -f1; }

python_is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in python3 python3.13 python3.12 python3.11; do
    if have "$candidate" && python_is_new_enough "$candidate"; then printf '%s\n' "$candidate"; return; fi
  done
  printf 'python3\n'
}

# Debian's and Ubuntu's packages that are missing here, one a line.
missing_packages() {
  local python
  python=$(find_python)
  have "$python" || printf 'python3\n'
  "$python" -c 'import ensurepip, venv' 2>/dev/null || [ -x "$VENV/bin/python" ] || printf 'python3-venv\n'
  have sipp || printf 'sip-tester\n'
  have ffmpeg || printf 'ffmpeg\n'
  have espeak-ng || printf 'espeak-ng\n'
  have chromium || have google-chrome || have chromium-browser || printf '%s\n' "$(chromium_package)"
  have node || printf 'nodejs\n'
  have npm || printf 'npm\n'
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || have initdb || printf 'postgresql\n'
  have unshare && have setpriv || printf 'util-linux\n'
  if ! asterisk_is_there; then
    have mmdebstrap || printf 'mmdebstrap\n'
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || printf 'debian-archive-keyring\n'
    [ "$(id -u)" = 0 ] || have newuidmap || printf 'uidmap\n'
  fi
}

# Ubuntu's chromium package is a snap, which needs a running snapd; elsewhere it is a plain package.
chromium_package() { if grep -qi '^ID=ubuntu' /etc/os-release 2>/dev/null; then printf 'chromium-browser\n'; else printf 'chromium\n'; fi; }

data_folder() { printf '%s\n' "${CALLCENTER_DATA:-var}"; }
asterisk_root() { printf '%s\n' "${CALLCENTER_ASTERISK_ROOT:-$(data_folder)/asterisk-root}"; }
asterisk_is_there() {
  [ -e "$(asterisk_root)/usr/sbin/asterisk" ] && return 0
  [ -z "${CALLCENTER_ASTERISK_ROOT:-}" ] && have asterisk &&
    PATH="$PATH:/usr/sbin" asterisk -V 2>/dev/null | grep -qE 'Asterisk (certified/)?(2[0-9]|[3-9][0-9])\.'
}

# Without root's rights Asterisk runs in a user namespace. Where the system forbids those (Ubuntu 24.04 does), its own
# Asterisk package is the way.
namespaces_work() { unshare --user --map-root-user --mount true 2>/dev/null; }

packages() {
  local list
  mapfile -t list < <(missing_packages)
  if [ "$(id -u)" != 0 ] && ! asterisk_is_there && ! namespaces_work; then
    list+=(asterisk)
  fi
  if [ "${#list[@]}" = 0 ]; then say "packages: all there"; return; fi
  have apt-get || die "please install with your system's package manager: ${list[*]}"
  local root=()
  if [ "$(id -u)" != 0 ]; then
    have sudo || die "as root, run: apt-get install ${list[*]}"
    root=(sudo)
    say "packages: sudo may ask for your password"
  fi
  say "packages: installing ${list[*]}"
  # A fresh PostgreSQL or Asterisk package would start a service of its own: ours are started by the tests and the demo.
  local policy=/usr/sbin/policy-rc.d mine=no
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
    "${root[@]}" chmod 755 "$policy"
    mine=yes
  fi
  local result=0
  "${root[@]}" apt-get update -q || say "packages: apt-get update failed; trying with the lists that are there"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${list[@]}" || result=$?
  if [ "$mine" = yes ]; then "${root[@]}" rm -f "$policy"; fi
  [ "$result" = 0 ] || die "apt-get could not install: ${list[*]}"
}

python_environment() {
  local python wanted
  python=$(find_python)
  python_is_new_enough "$python" || die "Python 3.11 or newer is needed; $("$python" --version 2>&1) is here"
  # The folder belongs to it: an environment does not survive being moved.
  wanted=$({ cat pyproject.toml; "$python" --version; pwd; } | sha256sum | cut -d' ' -f1)
  if is_done python "$wanted" && [ -x "$VENV/bin/python" ]; then say "python: $VENV is ready"; return; fi
  say "python: making $VENV with $("$python" --version 2>&1) and the packages of pyproject.toml"
  if ! "$VENV/bin/python" -c 'import pip' 2>/dev/null; then
    rm -rf "$VENV"
    "$python" -m venv "$VENV"
  fi
  "$VENV/bin/python" -m pip install --disable-pip-version-check --progress-bar off -q -e '.[test,dev]'
  mark_done python "$wanted"
}

pages() {
  [ -e web/package-lock.json ] || { say "pages: nothing to build"; return; }
  local locked sources
  locked=$(hash_of web/package-lock.json)
  if ! is_done npm "$locked" || [ ! -d web/node_modules ]; then
    say "pages: fetching their libraries (npm ci)"
    (cd web && npm ci --no-audit --no-fund --loglevel=error)
    mark_done npm "$locked"
  fi
  sources=$(find web -path web/node_modules -prune -o -path web/static/build -prune -o -type f -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
  if is_done web "$sources" && [ -d web/static/build ]; then say "pages: built"; return; fi
  say "pages: building"
  (cd web && npm run --silent build)
  mark_done web "$sources"
}

asterisk() {
  "$VENV/bin/python" - <<'PY'
import sys

from callcenter import config
from callcenter.telephony.asterisk import provision
from callcenter.telephony.asterisk.errors import AsteriskError

try:
    found = provision.ensure(config.load(), lambda line: print(f"setup: asterisk: {line}", flush=True))
except (AsteriskError, config.SettingsError) as error:
    sys.exit(f"setup: asterisk: {error}")
where = found.root or found.binary or "run by somebody else"
print(f"setup: asterisk: {'.'.join(map(str, found.version))} ({where})")
PY
}

# Two of these at once (`make demo` beside `make test`) would tread on each other.
mkdir -p "$STAMPS"
exec 9>"$STAMPS/lock"
flock -n 9 || { say "another setup is running here: waiting for it"; flock 9; }

packages
python_environment
pages
asterisk
say "ready ($((SECONDS - began)) s)"
