#!/usr/bin/env bash
# Looks at the pages that telform writes, in Chromium: nothing is wider than the screen, no phone number and no id is broken across
# lines, and the texts of the picture fit their boxes; at 390, 768, 1280 and 1440 pixels. With a folder it leaves there the pages,
# a picture of each at each width in light and dark, and a PDF of each.
# Usage: tests/tools/pages.sh TELFORM [FOLDER], for example target/debug/telform. Says NOT CHECKED where there is no Chromium.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
telform=$(realpath "$1")
for browser in chromium chromium-browser google-chrome; do command -v "$browser" >/dev/null && break; done
if ! command -v "$browser" >/dev/null; then
  echo "NOT CHECKED: there is no Chromium here, so the pages were not looked at"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pages=$work/pages
mkdir "$pages"
in_chromium() {
  timeout 120 "$browser" --headless --no-sandbox --disable-gpu --no-first-run --hide-scrollbars --force-device-scale-factor=1 \
    --disable-background-networking --allow-file-access-from-files --user-data-dir="$work/profile" "$@" 2>/dev/null
}
# An exit code that the command is meant to have is not a failure of this script.
meant() {
  local code=0
  "${@:2}" >/dev/null 2>&1 || code=$?
  [ "$code" = "$1" ] || { echo "telform ended with $code and not $1: ${*:2}" >&2; exit 1; }
}

# A small plan, its journal and its report.
cp -r "$top/examples/quickstart" "$work/small"
cd "$work/small"
meant 0 "$telform" plan --sandbox world.yaml --format html="$pages/plan.html"
meant 0 "$telform" apply --sandbox world.yaml --auto-approve --report html="$pages/report.html"
meant 0 "$telform" journal export --sandbox world.yaml --format html="$pages/journal.html"
# A refused plan with many changes of many numbers.
mkdir "$work/many"
cd "$work/many"
{
  printf 'unpod:\n  configurations:\n    - { id: 41, provider: exotel, account_sid: EX1, auth_token: x }\n  numbers:\n'
  for at in $(seq 101 160); do printf "    - { number: '+14155550%s' }\n" "$at"; done
  printf '  bridges:\n'
  for at in $(seq 101 160); do printf "    - { slug: bridge-of-branch-%s, name: B, numbers: { '+14155550%s': 41 } }\n" "$at" "$at"; done
} > world.yaml
{
  printf 'version: 1\naccounts:\n  unpod: { api: unpod, org_handle: acme.example, token: { env: T } }\nproviders:\n'
  printf '  main: { provider: twilio, account_sid: AC1, auth_token: { env: A } }\nbridges:\n'
  for at in $(seq 101 150); do
    printf "  branch-%s: { slug: bridge-of-branch-%s, name: Branch, numbers: { '+14155550%s': { provider: main } } }\n" "$at" "$at" "$at"
  done
  printf 'removed:\n  - { address: providers.old, id: "41", reason: the contract ended }\n'
} > telform.yaml
meant 3 "$telform" plan --sandbox world.yaml --format html="$pages/refused.html"
meant 0 "$telform" plan --sandbox world.yaml --format html="$pages/many.html" --max-deletes 1 --max-numbers-dark 10 --max-update-percent 100
# A journal with a step that failed and one whose outcome is unknown.
mkdir "$work/failed"
cd "$work/failed"
cat > world.yaml <<'YAML'
carrierx: {}
faults:
  - { match: { method: POST, path: /core/v2/partners, nth: 2 }, effect: cut }
  - { match: { method: POST, path: /core/v2/partners, nth: 3 }, effect: { answer: { status: 400 } } }
YAML
{
  printf 'version: 1\naccounts:\n  carrierx: { api: carrierx, token: { env: T } }\npartners:\n'
  for name in north east south west; do
    printf '  acme-%s: { login: acme-%s, password: { env: P }, name: "%s <b>&amp;</b> עברית", company_name: Acme, country_code: USA, ' "$name" "$name" "$name"
    printf 'zip: "90804", owner_email: %s@acme.example, phonenumber: "15162065574", payment_type: postpay }\n' "$name"
  done
} > telform.yaml
meant 5 "$telform" apply --sandbox world.yaml --auto-approve --on-error continue --parallelism 1 --report html="$pages/failed-report.html"
meant 0 "$telform" journal export --sandbox world.yaml --format html="$pages/failed-journal.html"

# Each page with the check inside, in frames as wide as screens are. Its policy would not let the check run.
mkdir "$work/check"
frames=
for page in "$pages"/*.html; do
  name=$(basename "$page")
  { sed '/<meta http-equiv="Content-Security-Policy"/d; /^<\/body>$/,$d' "$page"; printf '<script>'; cat "$top/tests/tools/page-check.js"; printf '</script></body></html>'; } \
    > "$work/check/$name"
  for width in 390 768 1280 1440; do frames+="<iframe src=\"$name\" width=\"$width\" height=\"900\"></iframe>"; done
done
cat > "$work/check/all.html" <<HTML
<!doctype html><meta charset="utf-8"><body><pre id="said"></pre><script>
  addEventListener('message', ({ data }) => {
    document.getElementById('said').textContent += 'SAID ' + data.page + ' at ' + data.width + ' px: ' + data.looked + ' numbers and ids'
      + (data.wrong.length ? ', WRONG: ' + data.wrong.slice(0, 5).join('; ') : ', nothing wrong') + '\n';
  });
</script>$frames</body>
HTML
in_chromium --virtual-time-budget=20000 --dump-dom "file://$work/check/all.html" | grep -o 'SAID [a-z].*' | sort | tee "$work/said"
expected=$(($(find "$pages" -name '*.html' | wc -l) * 4))
if [ "$(wc -l < "$work/said")" != "$expected" ]; then
  echo "only $(wc -l < "$work/said") of $expected views were looked at" >&2
  exit 1
fi

if [ $# -gt 1 ]; then
  mkdir -p "$2"
  cp "$pages"/*.html "$2"
  for page in "$pages"/*.html; do
    name=$(basename "$page" .html)
    in_chromium --no-pdf-header-footer --print-to-pdf="$2/$name.pdf" "file://$page"
    for width in 390 1280 1440; do
      printf '<!doctype html><style>body{margin:0}iframe{border:0}</style><iframe src="%s.html" width="%s" height="2400"></iframe>' "$name" "$width" > "$2/frame.html"
      in_chromium --window-size="$width",2400 --screenshot="$2/$name-$width.png" "file://$(realpath "$2")/frame.html"
      in_chromium --window-size="$width",2400 --blink-settings=preferredColorScheme=0 --screenshot="$2/$name-$width-dark.png" \
        "file://$(realpath "$2")/frame.html"
    done
  done
  rm "$2/frame.html"
fi
if grep -q WRONG "$work/said"; then exit 1; fi
