#!/usr/bin/env bash
# Posts the plan in the pull request, in place of the comment of the previous run. Needs GH_TOKEN, GITHUB_REPOSITORY, PULL_REQUEST.
set -euo pipefail
here=$(dirname "$0")
[ -s plan.md ] || { echo "there is no plan to show" >&2; exit 1; }
"$here/comment-body.sh" >comment.md
comments="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments"
# Only our own: anyone may write a comment that begins in the same way.
own=$(gh api --paginate "$comments?per_page=100" --jq '.[] | select(.user.login == "github-actions[bot]") | select(.body | startswith("<!-- telform plan -->")) | .id' | tail -n 1)
if [ -n "$own" ]; then
  gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$own" --field body=@comment.md --silent
else
  gh api --method POST "$comments" --field body=@comment.md --silent
fi
