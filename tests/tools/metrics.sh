#!/usr/bin/env bash
# Prometheus' own parser reads what `telform drift --metrics` writes. Usage: tests/tools/metrics.sh TELFORM
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
telform=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here/../../examples/quickstart" "$work/"
cd "$work/quickstart"

python3 -m venv "$work/venv"
# A registry that does not answer the first time often answers the second time.
twice() { "$@" || { sleep 5; "$@"; }; }
if ! twice timeout 300 "$work/venv/bin/pip" install --quiet --disable-pip-version-check prometheus_client==0.26.0; then
  echo 'NOT CHECKED: the parser could not be installed'
  exit 0
fi

"$telform" apply --quiet --auto-approve --sandbox world.yaml
"$telform" drift --quiet --sandbox world.yaml --metrics before.prom
sed -i 's/name: Acme West/name: Somewhere Else/' world.state.yaml
"$telform" drift --quiet --sandbox world.yaml --metrics after.prom && { echo 'no drift'; exit 1; }
"$telform" -f no-such-file.yaml drift --quiet --sandbox world.yaml --metrics failed.prom && { echo 'not failed'; exit 1; }

"$work/venv/bin/python" - <<'PYTHON'
import time
from prometheus_client.parser import text_string_to_metric_families

def read(name):
    with open(name, encoding="utf-8") as file:
        families = list(text_string_to_metric_families(file.read()))
    assert all(family.type == "gauge" and family.documentation and family.name.startswith("telform_") for family in families)
    samples = {}
    for family in families:
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in samples, f"twice: {key}"
            samples[key] = sample.value
    return samples

def total(samples, name, **labels):
    wanted = set(labels.items())
    return sum(value for (of, has), value in samples.items() if of == name and wanted <= set(has))

before, after, failed = read("before.prom"), read("after.prom"), read("failed.prom")
assert total(before, "telform_drift_differences", **{"class": "outside"}) == 0
assert total(after, "telform_drift_differences", **{"class": "outside", "account": "carrierx"}) == 1, after
assert total(before, "telform_drift_compared_objects") > 0 and total(before, "telform_drift_complete") == 1
assert total(failed, "telform_drift_complete") == 0
for samples in (before, after, failed):
    assert abs(total(samples, "telform_drift_last_look_timestamp_seconds") - time.time()) < 600
    assert total(samples, "telform_build_info") == 1
print(f"read: {len(before)}, {len(after)} and {len(failed)} samples")
PYTHON
