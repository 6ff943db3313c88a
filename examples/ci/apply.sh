#!/usr/bin/env bash
# Applies exactly the plan whose digest stands in plan.digest. Another plan than the reviewed one exits with 4 and writes
# nothing: plan again in a new pull request.
set -euo pipefail
options=()
[ -z "${WORLD:-}" ] || options+=(--sandbox "$WORLD")
[ -z "${POLICY:-}" ] || options+=(--policy "$POLICY")
[ -n "${TELFORM_LEDGER:-}" ] || unset TELFORM_LEDGER
telform apply "${options[@]}" --auto-approve --expect "$(cat plan.digest)"
