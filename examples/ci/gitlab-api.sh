# shellcheck shell=bash
# Sourced by the other gitlab scripts. CI_JOB_TOKEN may not write notes, so a project access token does: role Reporter, scope api.
# It goes to curl through a pipe, because every user of the machine can see arguments.
api() {
  printf 'header = "PRIVATE-TOKEN: %s"\n' "$GITLAB_NOTE_TOKEN" |
    curl --config - --fail-with-body --silent --show-error "$@"
}
project="$CI_API_V4_URL/projects/$CI_PROJECT_ID"
# The newest note of this token's own user that begins with telform's marker; anyone may write one that begins the same way.
own_note() {
  me=$(api "$CI_API_V4_URL/user" | jq -r .id)
  api "$project/merge_requests/$1/notes?per_page=100&sort=desc" |
    jq -c --argjson me "$me" '[.[] | select(.author.id == $me) | select(.body | startswith("<!-- telform plan -->"))] | first // empty'
}
