#!/usr/bin/env bash
# Several clones may share one folder of compiled code. Cargo names our crates alike in all of them and
# trusts the times of files, so it could take another clone's code for this one's: whenever the clone
# changes, our sources count as new. Dependencies are not touched.
#
#   claim-target.sh    with CARGO_TARGET_DIR
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:?}
mkdir -p -- "$target"
if [ "$(cat "$target/last-clone" 2>/dev/null || true)" != "$PWD" ]; then
    find crates -name '*.rs' -exec touch {} +
    printf '%s\n' "$PWD" >"$target/last-clone"
fi
