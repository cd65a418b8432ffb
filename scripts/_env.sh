# shellcheck shell=bash
# Sourced by the scripts beside it. `dudao_env runtime` or `dudao_env dev` makes sure that .venv
# holds exactly the packages of the hash-locked file of that name, and sets:
#   DUDAO_ROOT    the clone
#   DUDAO_PYTHON  the interpreter in .venv
# Nothing is downloaded and hardly any time passes when .venv already fits the lock. A .venv that
# was made for development also serves at run time and is never reduced.

DUDAO_ROOT="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
DUDAO_PYTHON="$DUDAO_ROOT/.venv/bin/python"
_dudao_stamp="$DUDAO_ROOT/.venv/.dudao-synced" # "<kind> <sha256 of the lock>", written last

dudao_env() {
  export PYTHONPATH="$DUDAO_ROOT${PYTHONPATH:+:$PYTHONPATH}"
  # Every program of ours would compile the whole of app/ at each start.
  unset PYTHONDONTWRITEBYTECODE
  _dudao_fits "$1" && return
  if [ ! -w "$DUDAO_ROOT" ]; then
    _dudao_fail "$DUDAO_ROOT is not yours to write to: make your own clone, or run this as its owner."
  fi
  mkdir -p -- "$DUDAO_ROOT/.tools"
  (
    # Two scripts may start at once; the second one waits and then finds everything done.
    if command -v flock >/dev/null; then flock 9; fi
    _dudao_fits "$1" || _dudao_sync "$1" 9>&-
  ) 9>"$DUDAO_ROOT/.tools/lock" || exit 1
}

_dudao_fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

_dudao_say() { printf '%s\n' "$*" >&2; }

_dudao_lock_file() {
  case $1 in
    runtime) printf '%s' "$DUDAO_ROOT/requirements.lock" ;;
    dev) printf '%s' "$DUDAO_ROOT/requirements-dev.lock" ;;
    *) _dudao_fail "unknown kind of environment: $1" ;;
  esac
}

_dudao_sha256() {
  local sum
  if command -v sha256sum >/dev/null; then sum="$(sha256sum <"$1")"; else sum="$(shasum -a 256 <"$1")"; fi
  printf '%s' "${sum%% *}"
}

# What .venv was last made for, whether or not that was finished.
_dudao_kind() {
  local kind=
  if [ -r "$_dudao_stamp" ]; then read -r kind _ <"$_dudao_stamp" || true; fi
  # Somebody's own .venv without a stamp: guess from what is in it, so that nothing is removed.
  if [ -z "$kind" ] && [ -e "$DUDAO_ROOT/.venv/bin/pytest" ]; then kind=dev; fi
  printf '%s' "$kind"
}

_dudao_fits() {
  local kind='' sum=''
  [ -x "$DUDAO_PYTHON" ] && [ -r "$_dudao_stamp" ] || return 1
  read -r kind sum <"$_dudao_stamp" || return 1
  [ "$kind" = dev ] || [ "$kind" = "$1" ] || return 1
  [ -n "$sum" ] && [ "$sum" = "$(_dudao_sha256 "$(_dudao_lock_file "$kind")")" ]
}

_dudao_sync() {
  local kind=$1 lock python uv
  if [ "$(_dudao_kind)" = dev ]; then kind=dev; fi
  lock="$(_dudao_lock_file "$kind")"
  unset VIRTUAL_ENV CONDA_PREFIX PYTHONHOME UV_SYSTEM_PYTHON UV_PYTHON UV_TARGET UV_PREFIX
  python="$(_dudao_find_python)" || exit 1
  _dudao_uv_settings "$python"
  uv="$(_dudao_find_uv "$python")" || exit 1
  _dudao_say "Installing the packages of ${lock##*/} into .venv (needed once per version)"
  if [ ! -x "$DUDAO_PYTHON" ] || ! "$DUDAO_PYTHON" -c '' 2>/dev/null; then
    "$uv" venv --quiet --clear --python "$python" "$DUDAO_ROOT/.venv" || _dudao_install_failed
  fi
  printf '%s\n' "$kind" >"$_dudao_stamp"
  "$uv" pip sync --compile-bytecode --require-hashes --python "$DUDAO_PYTHON" "$lock" >&2 || _dudao_install_failed
  printf '%s %s\n' "$kind" "$(_dudao_sha256 "$lock")" >"$_dudao_stamp.new"
  mv -- "$_dudao_stamp.new" "$_dudao_stamp"
}

_dudao_install_failed() {
  _dudao_fail "The packages could not be installed; the lines above say why. What was downloaded is kept," \
    "so just run this again. If the usual package index is out of reach, name a mirror of it:" \
    "  pip config set global.index-url <address>      or      export UV_DEFAULT_INDEX=<address>"
}

_dudao_pythons="python3.11 python3.12 python3.13 python3.14 python3 /usr/bin/python3"

# Prints the microseconds that some ordinary work takes, and where the interpreter lies.
_dudao_trial='
import sys, timeit
if sys.version_info < (3, 11):
    sys.exit(1)
work = "for n in range(20000): kept = {str(n): [n, n + 1]}"
print(int(min(timeit.repeat(work, number=1, repeat=5)) * 1e6), sys.executable)
'

# The first of them that will do, or one that is quicker by a quarter at a piece of work: how an
# interpreter was compiled makes up to half as much time again (pyenv's without its options).
_dudao_find_python() {
  local name found executable='' best=0
  for name in $_dudao_pythons; do
    # Run it: a name on PATH may be a shim for a version that is not there.
    found="$("$name" -c "$_dudao_trial" 2>/dev/null)" || continue
    if [ -z "$executable" ] || [ $((${found%% *} * 5)) -lt $((best * 4)) ]; then
      best="${found%% *}" executable="${found#* }"
    fi
  done
  if [ -n "$executable" ]; then
    printf '%s' "$executable"
    return
  fi
  _dudao_fail "Python 3.11 or newer was not found. Install it, for example:" \
    "  Debian, Ubuntu, UOS, Deepin:       apt-get install python3 python3-pip" \
    "  openEuler, Kylin, Anolis, Fedora:  dnf install python3.11 python3.11-pip" \
    "and run this again."
}

# uv does not read pip's settings and wants a home; give it what it lacks.
_dudao_uv_settings() {
  local cache pip index cert
  export UV_PYTHON_DOWNLOADS=never UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-120}"
  if [ -z "${UV_CACHE_DIR:-}" ]; then
    cache="${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}/uv"
    while [ ! -e "$cache" ]; do cache="$(dirname -- "$cache")"; done
    if [ "$cache" = / ] || [ ! -w "$cache" ] || [ ! -d "$cache" ]; then
      export UV_CACHE_DIR="$DUDAO_ROOT/.tools/cache"
    fi
  fi
  pip="$("$1" -m pip config list 2>/dev/null || true)"
  index="$(_dudao_pip_setting index-url "$pip")"
  if [ -n "$index" ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
    export UV_DEFAULT_INDEX="$index"
  fi
  cert="$(_dudao_pip_setting cert "$pip")"
  if [ -n "$cert" ] && [ -z "${SSL_CERT_FILE:-}" ]; then export SSL_CERT_FILE="$cert"; fi
}

# From the environment or pip.conf, in the form in which pip lists them.
_dudao_pip_setting() {
  sed -nE "s/^(:env:|global)\.$1='(.*)'\$/\2/p" <<<"$2" | sed -n 1p
}

_dudao_find_uv() {
  local version home
  if uv --version >/dev/null 2>&1; then
    command -v uv
    return
  fi
  version="$(sed -n 's/^uv==\([^ ;]*\).*/\1/p' "$DUDAO_ROOT/requirements-dev.lock")"
  home="$DUDAO_ROOT/.tools/uv-$version"
  if [ ! -x "$home/bin/uv" ]; then _dudao_install_uv "$1" "$home"; fi
  printf '%s' "$home/bin/uv"
}

# With --target nothing of the system's own Python is changed, which many systems forbid.
_dudao_install_uv() {
  local python home=$2
  python="$(_dudao_find_pip "$1")" || exit 1
  _dudao_say "Installing uv, the package installer, into .tools"
  rm -rf -- "$home.new"
  mkdir -p -- "$home.new"
  awk '/^uv==/ { on = 1 } on { print } on && !/\\$/ { exit }' \
    "$DUDAO_ROOT/requirements-dev.lock" >"$home.new/requirement.txt"
  PIP_USER=0 PIP_ROOT_USER_ACTION=ignore "$python" -m pip install --quiet --no-deps --no-cache-dir \
    --disable-pip-version-check --require-hashes --target "$home.new" \
    --requirement "$home.new/requirement.txt" >&2 || _dudao_install_failed
  rm -rf -- "$home"
  mv -- "$home.new" "$home"
}

# Prints an interpreter that has pip; any will do, since uv is no Python package at heart.
_dudao_find_pip() {
  local attempt name
  for attempt in first second; do
    for name in "$1" $_dudao_pythons; do
      if "$name" -m pip --version >/dev/null 2>&1; then
        printf '%s' "$name"
        return
      fi
    done
    if [ "$attempt" = first ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      _dudao_say "Neither uv nor pip was found: installing the system package python3-pip"
      { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y python3-pip; } >&2 || break
    else
      break
    fi
  done
  _dudao_fail "Neither uv nor pip was found. Install one of them, for example:" \
    "  Debian, Ubuntu, UOS, Deepin:       sudo apt-get install python3-pip" \
    "  openEuler, Kylin, Anolis, Fedora:  sudo dnf install python3-pip" \
    "and run this again."
}
