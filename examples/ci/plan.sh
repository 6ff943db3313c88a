#!/usr/bin/env bash
# On a pull request: check the YAML, plan, and leave three files:
#   plan.md      what a reviewer reads
#   plan.digest  sha256:… of exactly this plan
#   plan.code    0 nothing to do, 2 changes pending, 3 refused by a guard, a rule or a policy
# It ends with 0 when there is a plan to review, with 3 when there is one that will not be applied, else with 1.
set -euo pipefail
rm -f plan.md plan.digest plan.code
telform validate
options=()
[ -z "${WORLD:-}" ] || options+=(--sandbox "$WORLD")      # for trying this without an account
[ -z "${POLICY:-}" ] || options+=(--policy "$POLICY")     # a program outside of what a pull request can change
[ -n "${TELFORM_LEDGER:-}" ] || unset TELFORM_LEDGER      # a variable that is not set in CI comes as an empty one
code=0
telform plan "${options[@]}" --detailed-exitcode --format text --format markdown=plan.md >plan.txt || code=$?
cat plan.txt
case $code in 0 | 2 | 3) ;; *) exit 1 ;; esac
# Alone on its line: no value of the plan begins a line.
grep -x 'sha256:[0-9a-f]\{64\}' plan.txt | tail -n 1 >plan.digest
echo "$code" >plan.code
[ "$code" != 3 ] || exit 3
