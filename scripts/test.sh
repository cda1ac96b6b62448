#!/usr/bin/env bash
# Runs all checks and tests with throw-away servers.
#
#   test.sh DIR    DIR holds what the servers need to be stopped again
#
# Formatting and lints come first, because they fail fastest. The servers are
# stopped however this ends.
set -euo pipefail
cd "$(dirname "$0")/.."

dir=${1:?usage: test.sh DIR}
cargo=${CARGO:-cargo}

stop() { scripts/services.sh stop "$dir" || true; }
trap stop EXIT

"$cargo" fmt --all --check
"$cargo" clippy --locked --workspace --all-targets -- -D warnings

started=0
scripts/services.sh start "$dir" || started=$?
if [ "$started" -ne 0 ] && [ "$started" -ne 3 ]; then
    exit "$started"
fi
set -a
# shellcheck disable=SC1091 # written by services.sh
. "$dir/env"
set +a

if "$cargo" nextest --version >/dev/null 2>&1; then
    "$cargo" nextest run --locked --workspace --no-fail-fast
else
    "$cargo" test --locked --workspace --lib --bins --tests --no-fail-fast
fi
"$cargo" test --locked --workspace --doc
