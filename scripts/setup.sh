# shellcheck shell=bash
# Sourced by scripts/demo, scripts/test and scripts/fresh-debian: what has to be there, and how it gets there.
# Never calls sudo: as root, missing Debian packages are installed; otherwise they are named and left out.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${U2K_VENV:-$repo/.venv}
me=scripts/$(basename "$0")
current_step="starting"

step() {
    current_step=$*
    printf '\n== %s\n' "$*"
}

note() { printf '   %s\n' "$*"; }

die() { # die WHY [HINT]
    printf '\n%s: failed in step "%s": %s\n' "$me" "$current_step" "$1" >&2
    [ -z "${2:-}" ] || printf '%s: %s\n' "$me" "$2" >&2
    exit 1
}

trap 'die "a command gave status $? (line $LINENO of $0)"' ERR

milliseconds() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# apt_packages NAME...: those are there afterwards, or the script goes on without them and says so.
apt_packages() {
    local name missing=() lists=(/var/lib/apt/lists/*_Packages*)
    if ! command -v apt-get dpkg-query >/dev/null; then
        note "no apt here; wanted: $*"
        return
    fi
    for name in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)" = installed ] || missing+=("$name")
    done
    if [ ${#missing[@]} = 0 ]; then
        note "Debian packages: all there"
        return
    fi
    if [ "$(id -u)" != 0 ]; then
        note "Debian packages that are not here: ${missing[*]}"
        note "as root:  apt-get install --no-install-recommends ${missing[*]}"
        note "going on with what is here"
        return
    fi
    if [ ! -e "${lists[0]}" ]; then
        note "fetching apt's package lists (some 10 MB)"
        apt-get -q update >/dev/null || die "apt-get update failed" "is the network, or a mirror, reachable?"
    fi
    note "will install by apt: ${missing[*]}"
    # apt's own words: "Need to get 12 MB of archives", "After this operation, 40 MB ... will be used".
    apt_install --assume-no "${missing[@]}" | grep -E '^(Need to get|After this)' | sed 's/^/   /' || true
    without_services apt_install --yes "${missing[@]}" || {
        note "package lists may be old: fetching them anew"
        apt-get -q update >/dev/null || die "apt-get update failed" "is the network, or a mirror, reachable?"
        without_services apt_install --yes "${missing[@]}" ||
            die "apt-get could not install ${missing[*]}" "try it by hand to see why"
    }
    # The package turns on a registry of its own at port 5000; the scripts start theirs.
    case " ${missing[*]} " in *" docker-registry "*)
        if [ -d /run/systemd/system ]; then systemctl --quiet disable docker-registry; fi ;;
    esac
}

apt_install() { # its chatter only when it fails
    local log status=0
    log=$(mktemp)
    LC_ALL=C DEBIAN_FRONTEND=noninteractive \
        apt-get -q --no-install-recommends -o Dpkg::Use-Pty=0 install "$@" >"$log" 2>&1 || status=$?
    if [ "$1" = --assume-no ]; then
        cat "$log"
    elif [ "$status" != 0 ]; then
        tail -n 15 "$log" >&2
    fi
    rm -f "$log"
    return "$status"
}

# Installing must start no daemon (invoke-rc.d(8): policy-rc.d, status 101 means forbidden).
without_services() {
    local policy=/usr/sbin/policy-rc.d ours= status=0
    if [ ! -e "$policy" ]; then
        ours=1
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    "$@" || status=$?
    [ -z "$ours" ] || rm -f "$policy"
    return "$status"
}

# The first Python that is new enough and can make a virtual environment (Debian: python3-venv).
find_python() {
    local candidate
    for candidate in "${U2K_PYTHON:-python3}" /usr/bin/python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    die "no Python >= 3.11 with its venv module" "Debian 12: apt-get install python3 python3-venv (or set U2K_PYTHON)"
}

# install_u2k plain|dev: this repository in the virtual environment (PEP 668: never in the system's Python).
install_u2k() {
    local kind=$1 target=$repo options=() stamp=$venv/u2k-set-up wanted python
    wanted=$kind:$(source_digest "$kind")
    if [ -x "$venv/bin/u2k" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        note "Python packages: all there ($venv)"
        return
    fi
    if [ "$kind" = dev ]; then
        target="$repo[dev]"
        options=(--editable)
    fi
    # In an environment of its own the test suite's editable install serves the demo as well.
    if [ "$kind" = plain ] && [ "$(cat "$stamp" 2>/dev/null)" = "dev:$(source_digest dev)" ]; then
        note "Python packages: all there ($venv, editable)"
        return
    fi
    python=$(find_python) || exit 1
    note "will install by pip into $venv: u2k and what it needs (some 150 MB to fetch, 520 MB on disk; 1-3 minutes)"
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv" || die "$python could not make a virtual environment"
    rm -f "$stamp"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${options[@]}" "$target" ||
        die "pip could not install $target" "is a package index reachable? pip config list shows which is asked"
    printf '%s' "$wanted" >"$stamp"
}

# What an install depends on: of an editable one, only the project file.
source_digest() {
    local paths=(pyproject.toml)
    [ "$1" = dev ] || paths+=(converter libos)
    (cd "$repo" && find "${paths[@]}" -type f ! -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
}
