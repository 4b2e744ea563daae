#!/bin/sh
# Makes .venv with everything the project needs, and says what it does.
#   tools/setup.sh run    what `make demo` needs
#   tools/setup.sh test   the same plus what the tests and checks need
set -eu
cd "$(dirname "$0")/.."
level=${1:-run}
say() { printf '%s\n' "$*"; }

# The interpreter: PYTHON from outside, else the first supported one.
find_python() {
    for name in ${PYTHON:-} python3 python3.11 python3.12 python3.13; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    say "setup: Python 3.11, 3.12 or 3.13 is needed and was not found (Debian: apt-get install python3)" >&2
    exit 1
}
python=$(find_python)

# uv, pinned by hash, in an environment of its own.
fetch_uv() {
    [ -x .bootstrap/bin/uv ] && return
    say "setup: fetching uv with pip into .bootstrap"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "setup: installing Debian's python3-venv, which this Python lacks"
        apt-get update -qq
        apt-get install -y -qq python3-venv >/dev/null
    fi
    rm -rf .bootstrap
    "$python" -m venv .bootstrap || {
        say "setup: this Python cannot make environments; remedy: apt-get install python3-venv" >&2
        exit 1
    }
    .bootstrap/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r tools/bootstrap.lock
}

case $level in
run) lock=requirements.lock ;;
test) lock=requirements-dev.lock ;;
*)
    say "usage: tools/setup.sh run|test" >&2
    exit 2
    ;;
esac

want=$(cat "$lock" pyproject.toml | sha256sum | cut -d' ' -f1)
stamp=.venv/.stamp-$level
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$want" ]; then
    fetch_uv
    export UV_PYTHON_DOWNLOADS=never
    [ -x .venv/bin/python ] || .bootstrap/bin/uv venv -q --python "$python" .venv
    say "setup: installing $(grep -c '==' "$lock") pinned packages from $lock into .venv"
    .bootstrap/bin/uv pip install -q --python .venv/bin/python --compile-bytecode --require-hashes -r "$lock"
    .bootstrap/bin/uv pip install -q --python .venv/bin/python --no-deps \
        --build-constraint tools/bootstrap.lock -e .
    printf '%s' "$want" >"$stamp"
fi

[ "$level" = test ] || exit 0

# Debian's programs that some tests drive: a browser and a database server.
missing=
[ -x /usr/bin/chromium ] || missing="$missing chromium"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v java >/dev/null 2>&1 || missing="$missing openjdk-17-jre-headless"
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "setup: installing Debian's$missing"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
    else
        say "setup: not root, so without Debian's$missing: the tests that need them are skipped"
    fi
fi
