#!/usr/bin/env bash
# Runs on a schedule: was something changed outside telform? If so, it exits with 2, which fails the job, so that it is noticed.
set -euo pipefail
. "$(dirname "$0")/stop-commands.sh"
options=()
[ -z "${WORLD:-}" ] || options+=(--sandbox "$WORLD")
[ -n "${TELFORM_LEDGER:-}" ] || unset TELFORM_LEDGER
telform drift "${options[@]}"
