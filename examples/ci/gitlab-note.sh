#!/usr/bin/env bash
# Posts the plan in the merge request, in place of the note of the previous run.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=examples/ci/gitlab-api.sh
. "$here/gitlab-api.sh"
[ -s plan.md ] || { echo "there is no plan to show" >&2; exit 1; }
"$here/comment-body.sh" >comment.md
note=$(own_note "$CI_MERGE_REQUEST_IID" | jq -r .id)
notes="$project/merge_requests/$CI_MERGE_REQUEST_IID/notes"
if [ -n "$note" ]; then
  api --request PUT "$notes/$note" --data-urlencode body@comment.md >/dev/null
else
  api --request POST "$notes" --data-urlencode body@comment.md >/dev/null
fi
