#!/usr/bin/env bash
# Prints the text of the comment: the marker that telform puts first, then the digest on a line of its own, then the plan. Only
# the second line is read back, so nothing in the plan can be mistaken for a digest.
set -euo pipefail
head -n 1 plan.md
echo "<!-- telform-digest $(cat plan.digest) -->"
tail -n +2 plan.md
