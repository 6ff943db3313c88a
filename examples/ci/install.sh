#!/usr/bin/env bash
# Makes sure that telform is there, in the version that this repository pins. TELFORM_GIT: where its source is; TELFORM_REV:
# the full commit. A commit, not a branch or a tag: those move.
set -euo pipefail
if command -v telform >/dev/null; then
  telform --version
  exit 0
fi
: "${TELFORM_GIT:?set it to the address of the git repository of telform}"
: "${TELFORM_REV:?set it to the commit to install}"
cargo install --locked --git "$TELFORM_GIT" --rev "$TELFORM_REV" telform
