#!/bin/sh
# Make sure a part of the system is there: install Debian's package where that is allowed, else say the one line to type.
#   need.sh python PYTHON     a Python from 3.11 to 3.13 that can make virtual environments
#   need.sh libgomp PYTHON    the OpenMP runtime that numba's thread-safe layer uses
#   need.sh java              what Spark runs on; without it its tests say that they tested nothing
#   need.sh chromium PYTHON   the browser of the browser tests, and what its driver needs
set -eu
python=${2:-python3}

install() {
    command -v apt-get >/dev/null || { echo "Please install $* with this system's package manager." >&2; exit 1; }
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif sudo -n true 2>/dev/null; then
        as_root="sudo"
    else
        echo "Please type:  sudo apt-get install -y --no-install-recommends $*" >&2
        exit 1
    fi
    echo "Installing $* …"
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# Whether a library of the system can be loaded.
loads() {
    "$python" -c "import ctypes; ctypes.CDLL('$1')" 2>/dev/null
}

case $1 in
python)
    if ! command -v "$python" >/dev/null; then
        [ "$python" = python3 ] || { echo "$python was not found; name another with:  make PYTHON=python3" >&2; exit 1; }
        install python3 python3-venv
    fi
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || {
        echo "$python is $("$python" -V); Python 3.11, 3.12 or 3.13 is needed. Name one with:  make PYTHON=python3.12" >&2
        exit 1
    }
    "$python" -c 'import ensurepip, venv' 2>/dev/null || install python3-venv
    ;;
libgomp)
    loads libgomp.so.1 || install libgomp1
    ;;
java)
    [ -n "${JAVA_HOME:-}" ] || command -v java >/dev/null || install default-jre-headless
    ;;
chromium)
    missing=""
    command -v "${CHROMIUM:-chromium}" >/dev/null || missing="chromium fonts-liberation"
    # Playwright's driver needs libatomic, which Debian's chromium brings along from Debian 13 on.
    ! command -v apt-get >/dev/null || loads libatomic.so.1 || missing="$missing libatomic1"
    [ -z "$missing" ] || install $missing
    ;;
*)
    echo "need.sh: python, libgomp, java or chromium, not $1" >&2
    exit 2
    ;;
esac
