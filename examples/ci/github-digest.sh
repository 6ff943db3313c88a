#!/usr/bin/env bash
# On merge: writes the reviewed digest, from our own comment in the pull request that this commit came from, to plan.digest.
#
# Why from the comment, and not a saved plan as an artifact: an artifact of a pull request expires, and belongs to a run over code
# that had not been reviewed. A digest only says which plan was seen: apply plans again from what was merged, and runs only if
# that plan has this digest. A wrong digest stops it, and anyone who may edit the comment of the workflow may merge anyway.
set -euo pipefail
request=$(gh api "repos/$GITHUB_REPOSITORY/commits/$GITHUB_SHA/pulls" --jq '[.[] | select(.merged_at != null)] | sort_by(.merged_at) | last | .number // empty')
if [ -z "$request" ]; then
  echo "commit $GITHUB_SHA came from no pull request, so its plan was not reviewed; run telform apply yourself" >&2
  exit 1
fi
body=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$request/comments?per_page=100" --jq '.[] | select(.user.login == "github-actions[bot]") | select(.body | startswith("<!-- telform plan -->")) | .body | split("\n")[1]' | tail -n 1)
digest=$(sed -n 's/^<!-- telform-digest \(sha256:[0-9a-f]\{64\}\) -->$/\1/p' <<<"$body")
if [ -z "$digest" ]; then
  echo "pull request $request has no comment with a plan, so nothing was reviewed" >&2
  exit 1
fi
echo "$digest" >plan.digest
