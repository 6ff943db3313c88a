#!/usr/bin/env bash
# On a pull request: check the YAML, show the plan, keep its digest. Exit codes: 0 nothing to do, 2 changes pending, 3 refused.
set -uo pipefail
cd "$(dirname "$0")"
world=${WORLD:+--sandbox "$WORLD"}
telform validate || exit 1
telform plan $world --detailed-exitcode | tee plan.txt
code=${PIPESTATUS[0]}
grep -o 'sha256:[0-9a-f]*' plan.txt | tail -n 1 > plan.digest || true
exit "$code"
