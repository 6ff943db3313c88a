#!/usr/bin/env bash
# On merge: writes the reviewed digest to plan.digest. github-digest.sh says why it is a digest and not an artifact.
set -euo pipefail
# shellcheck source=examples/ci/gitlab-api.sh
. "$(dirname "$0")/gitlab-api.sh"
request=$(api "$project/repository/commits/$CI_COMMIT_SHA/merge_requests" | jq -r '[.[] | select(.state == "merged")] | sort_by(.merged_at) | last | .iid // empty')
if [ -z "$request" ]; then
  echo "commit $CI_COMMIT_SHA came from no merge request, so its plan was not reviewed; run telform apply yourself" >&2
  exit 1
fi
body=$(own_note "$request" | jq -r '.body | split("\n")[1]')
digest=$(sed -n 's/^<!-- telform-digest \(sha256:[0-9a-f]\{64\}\) -->$/\1/p' <<<"$body")
if [ -z "$digest" ]; then
  echo "merge request $request has no note with a plan, so nothing was reviewed" >&2
  exit 1
fi
echo "$digest" >plan.digest
