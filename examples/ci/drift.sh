#!/usr/bin/env bash
# Runs on a schedule: was something changed outside telform? If so, it exits with 2, which fails the job, so that it is noticed.
set -euo pipefail
# shellcheck source=examples/ci/stop-commands.sh
. "$(dirname "$0")/stop-commands.sh"
options=()
[ -z "${WORLD:-}" ] || options+=(--sandbox "$WORLD")
[ -n "${TELFORM_LEDGER:-}" ] || unset TELFORM_LEDGER
code=0
telform drift "${options[@]}" --format text --format markdown=drift.md || code=$?
if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -s drift.md ]; then cat drift.md >>"$GITHUB_STEP_SUMMARY"; fi
exit "$code"
