#!/usr/bin/env bash
# The credentials of the ledger's cloud, with no key that could leak: AWS takes the token of this job for the role in AWS_ROLE_ARN.
set -euo pipefail
[ -n "${AWS_ROLE_ARN:-}" ] || exit 0
umask 077
mkdir -p "$(dirname "$AWS_WEB_IDENTITY_TOKEN_FILE")"
printf '%s' "$AWS_ID_TOKEN" >"$AWS_WEB_IDENTITY_TOKEN_FILE"
