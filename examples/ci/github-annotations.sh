#!/usr/bin/env bash
# Marks the lines of the YAML that the plan is about. Every line of the file is a command that telform made, whatever a service wrote.
set -euo pipefail
cat plan.annotations
