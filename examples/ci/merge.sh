#!/usr/bin/env bash
# On merge: apply exactly what was reviewed. Another plan than the reviewed one exits with 4 and writes nothing.
set -euo pipefail
cd "$(dirname "$0")"
world=${WORLD:+--sandbox "$WORLD"}
telform apply $world --auto-approve --expect "$(cat plan.digest)"
