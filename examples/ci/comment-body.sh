#!/usr/bin/env bash
# The text of the comment on standard output: the marker that telform puts first, then the digest on a line of its own, then the
# plan. Only the second line is read again, so nothing that stands in the plan can be taken for a digest.
set -euo pipefail
head -n 1 plan.md
echo "<!-- telform-digest $(cat plan.digest) -->"
tail -n +2 plan.md
