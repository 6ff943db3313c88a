# shellcheck shell=bash
# Sourced by the scripts that run telform: GitHub's runner executes nothing that they print, whatever a service or a pull request
# writes into it. The runner accepts commands again when the script ends, even when telform failed.
if [ "${GITHUB_ACTIONS:-}" = true ]; then
  stop=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  echo "::stop-commands::$stop"
  trap 'printf "\n::%s::\n" "$stop"' EXIT
fi
