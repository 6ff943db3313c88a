#!/usr/bin/env bash
# Makes sure that telform is installed, in the version that this repository pins. TELFORM_GIT: the address of its source;
# TELFORM_REV: the full commit, and not a branch or a tag, because those move.
set -euo pipefail
if command -v telform >/dev/null; then
  telform --version
  exit 0
fi
: "${TELFORM_GIT:?set it to the address of the git repository of telform}"
: "${TELFORM_REV:?set it to the commit to install}"
cargo install --locked --git "$TELFORM_GIT" --rev "$TELFORM_REV" telform
