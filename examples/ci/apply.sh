#!/usr/bin/env bash
# Applies exactly the plan whose digest is in plan.digest. If the plan differs from the reviewed one, this exits with 4
# and writes nothing: plan again in a new pull request.
set -euo pipefail
# shellcheck source=examples/ci/stop-commands.sh
. "$(dirname "$0")/stop-commands.sh"
options=()
[ -z "${WORLD:-}" ] || options+=(--sandbox "$WORLD")
[ -z "${POLICY:-}" ] || options+=(--policy "$POLICY")
[ -n "${TELFORM_LEDGER:-}" ] || unset TELFORM_LEDGER
code=0
telform apply "${options[@]}" --auto-approve --expect "$(cat plan.digest)" --report markdown=apply.md || code=$?
if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -s apply.md ]; then cat apply.md >>"$GITHUB_STEP_SUMMARY"; fi
exit "$code"
