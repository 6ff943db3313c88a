#!/usr/bin/env bash
# Makes the picture of the README: the first part of the plan page of the quickstart, as Chromium shows it.
# Usage: tests/tools/picture.sh TELFORM, for example target/debug/telform. Writes docs/pictures/plan.png.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
telform=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$top/examples/quickstart" "$work/"
cd "$work/quickstart"
"$telform" plan --quiet --sandbox world.yaml --format html="$work/plan.html"
for browser in chromium chromium-browser google-chrome; do command -v "$browser" >/dev/null && break; done
timeout 120 "$browser" --headless --no-sandbox --disable-gpu --no-first-run --hide-scrollbars --force-device-scale-factor=1 \
  --user-data-dir="$work/profile" --window-size=1280,1000 --screenshot="$work/plan.png" "file://$work/plan.html" 2>/dev/null
install -D -m 644 "$work/plan.png" "$top/docs/pictures/plan.png"
