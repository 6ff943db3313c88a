#!/usr/bin/env bash
# On a schedule: was something changed outside telform? Ends with 2 when it was, which fails the job, so that somebody is told.
set -euo pipefail
options=()
[ -z "${WORLD:-}" ] || options+=(--sandbox "$WORLD")
[ -n "${TELFORM_LEDGER:-}" ] || unset TELFORM_LEDGER
telform drift "${options[@]}"
