#!/usr/bin/env bash
# Installs the Debian packages that the full test needs, and only what is missing.
#
#   install-packages.sh [--check]
#
#   --check   install nothing; list what is missing and exit 1 if anything is
#
# Works without a network when nothing is missing. The packages' own daemons are
# never left running: scripts/services.sh starts its own, with throw-away data.
# Must be root to install.
#
# Exit codes: 0 all is there, 1 something is missing and could not be installed,
# 2 wrong usage.

set -euo pipefail

readonly POLICY=/usr/sbin/policy-rc.d

say() { printf 'packages: %s\n' "$*"; }
fail() {
    printf 'packages: %s\n' "$*" >&2
    exit 1
}
usage() {
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Abbrev}' "$1" 2>/dev/null)" = "ii " ]
}

# `postgresql` only asks for a version of its own: any server that is there will do.
provided() {
    case $1 in
        postgresql) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ;;
        *) installed "$1" ;;
    esac
}

# Keeps the packages' scripts from starting daemons, as Debian's policy-rc.d
# provides for. An existing policy that somebody else wrote is put back afterwards.
forbid_daemons() {
    if [ -e "$POLICY" ]; then
        SAVED_POLICY=$(mktemp "$POLICY.XXXXXX")
        cp --preserve=all -- "$POLICY" "$SAVED_POLICY"
    fi
    trap restore_policy EXIT
    printf '#!/bin/sh\n# No daemon may be started while scripts/install-packages.sh runs.\nexit 101\n' >"$POLICY.new"
    chmod 755 "$POLICY.new"
    mv -f -- "$POLICY.new" "$POLICY"
}

restore_policy() {
    if [ -n "$SAVED_POLICY" ]; then
        mv -f -- "$SAVED_POLICY" "$POLICY"
    else
        rm -f -- "$POLICY"
    fi
}

# apt COMMAND...: once more when the first try fails, since mirrors and networks do.
apt() {
    local try
    for try in first second; do
        if DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes \
            -o Acquire::Retries=2 -o DPkg::Lock::Timeout=300 \
            -o Dpkg::Options::=--force-confold "$@" </dev/null; then
            return
        fi
        if [ "$try" = first ]; then say "apt-get $1 failed, trying once more"; fi
    done
    fail "apt-get $1 failed twice: see above; is the network there?"
}

main() {
    local check=no package
    local -a wanted=(postgresql mariadb-server mariadb-client postfix poppler-utils) missing=()
    # HTML pages are laid out by a browser; PDFs are set in the fonts of three other scripts.
    wanted+=(chromium fonts-lohit-deva fonts-hosny-amiri fonts-wqy-microhei)
    while [ $# -gt 0 ]; do
        case $1 in
            --check) check=yes ;;
            *) usage ;;
        esac
        shift
    done

    command -v dpkg-query >/dev/null 2>&1 || fail "this is not Debian: install ${wanted[*]} by other means"
    for package in "${wanted[@]}"; do
        provided "$package" || missing+=("$package")
    done
    if [ "${#missing[@]}" -eq 0 ]; then
        say "all there: ${wanted[*]}"
        return
    fi
    [ "$check" = no ] || fail "missing: ${missing[*]}"
    [ "$(id -u)" -eq 0 ] || fail "missing: ${missing[*]}; run this as root"

    say "installing ${missing[*]}"
    SAVED_POLICY=
    forbid_daemons
    apt update
    apt install --no-install-recommends "${missing[@]}"
    for package in "${missing[@]}"; do
        provided "$package" || fail "$package is still missing after its installation"
    done
}

main "$@"
