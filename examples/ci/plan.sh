#!/usr/bin/env bash
# On a pull request: checks the YAML, plans, and leaves files:
#   plan.md      what a reviewer reads
#   plan.digest  sha256:… of exactly this plan; empty where plan.md cannot show everything, so that no one can approve from it
#   plan.code    0 nothing to do, 2 changes pending, 3 refused by a guard, a rule or a policy
#   plan.annotations, plan.quality.json    the lines of the YAML that it is about, for GitHub and GitLab
# Exits with 0 when there is a plan to review, with 3 when there is one that will not be applied or cannot be reviewed, else with 1.
set -euo pipefail
# shellcheck source=examples/ci/stop-commands.sh
. "$(dirname "$0")/stop-commands.sh"
rm -f plan.md plan.digest plan.code plan.annotations plan.quality.json
telform validate
options=()
[ -z "${WORLD:-}" ] || options+=(--sandbox "$WORLD")      # for trying this without an account
[ -z "${POLICY:-}" ] || options+=(--policy "$POLICY")     # a program that a pull request cannot change
[ -z "${MAX_UNSHOWN:-}" ] || options+=(--max-unshown "$MAX_UNSHOWN")     # addresses that plan.md may leave out
[ -n "${TELFORM_LEDGER:-}" ] || unset TELFORM_LEDGER      # CI passes an unset variable as an empty one
code=0
telform plan "${options[@]}" --detailed-exitcode --format text --format markdown=plan.md \
  --format github=plan.annotations --format gitlab=plan.quality.json >plan.txt || code=$?
cat plan.txt
if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -s plan.md ]; then cat plan.md >>"$GITHUB_STEP_SUMMARY"; fi
case $code in 0 | 2 | 3) ;; *) exit 1 ;; esac
# On the last line, which holds no value of the plan.
tail -n 1 plan.md | grep -o 'sha256:[0-9a-f]\{64\}' >plan.digest || true
echo "$code" >plan.code
if [ ! -s plan.digest ]; then
  tail -n 1 plan.md >&2
  exit 3
fi
[ "$code" != 3 ] || exit 3
