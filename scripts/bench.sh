#!/usr/bin/env bash
# Measures what the README promises, on this machine, in one run: the demo, the start of the program,
# the check of the example, an extraction from PostgreSQL beside psql's own \copy, and every format.
#
#   bench.sh [ROWS]    ROWS of the PostgreSQL table, 10,000,000 by default
set -euo pipefail
cd "$(dirname "$0")/.."

rows=${1:-10000000}
cargo=${CARGO:-cargo}
programs=${CARGO_TARGET_DIR:-target}/debug
work=$(mktemp -d "${TMPDIR:-/tmp}/punctual-bench.XXXXXX")
services=$work/services

finish() {
    scripts/services.sh stop "$services" >/dev/null 2>&1 || true
    rm -rf -- "$work"
}
trap finish EXIT

# best NAME COMMAND...: the shortest of five runs, in milliseconds.
best() {
    local name=$1 start took shortest=
    shift
    for _ in 1 2 3 4 5; do
        start=$(date +%s%N)
        "$@" >"$work/log" 2>&1 || {
            cat "$work/log" >&2
            exit 1
        }
        took=$((($(date +%s%N) - start) / 1000000))
        if [ -z "$shortest" ] || [ "$took" -lt "$shortest" ]; then shortest=$took; fi
    done
    printf '%-52s %6d ms\n' "$name" "$shortest"
}

fresh_demo() {
    rm -rf -- "$work/demo"
    "$programs/punctual" demo --dir "$work/demo" --no-serve
}

"$cargo" build --quiet --locked -p punctual -p prebuild
"$cargo" build --quiet --locked -p punctual-sources -p punctual-formats -p punctual-store -p prebuild --examples

best "demo: data, 12 clients, five formats, 12 messages" fresh_demo
best "punctual --help" "$programs/punctual" --help
best "punctual check, of the example" "$programs/punctual" --project "$work/demo" check

scripts/services.sh start "$services" >/dev/null || [ $? -eq 3 ]
# shellcheck disable=SC1091 # written by services.sh
. "$services/env"
printf '\nA PostgreSQL table of %s rows:\n' "$rows"
"$programs/examples/extract_bench" "$PUNCTUAL_TEST_PG_URL" "$rows"

printf '\nFormats:\n'
"$programs/examples/formats_bench"

printf '\nState and artifacts:\n'
"$programs/examples/store_bench"
