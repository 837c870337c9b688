# Makes .venv ready: `. scripts/setup.sh` for running, `. scripts/setup.sh dev` for building, checking and testing.
# Sourced by the other scripts; sets `root` (the project's folder). Does nothing, quickly, when all is in place.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# A shell that forbids Python to keep what it compiled makes each start of a program compile all of them again: four
# seconds instead of one for the API, half a minute for a collection of the tests.
unset PYTHONDONTWRITEBYTECODE

setup_say() { printf 'setup: %s\n' "$*" >&2; }

setup_python() { # prints the Python to use: of those that are new enough and can make environments one compiled with
  # optimisations (Debian's is), which does the same work in about three quarters of the time; else the first one
  local candidate built first=
  while IFS= read -r candidate; do
    built=$("$candidate" -c '
import ensurepip, sys, sysconfig, venv
if sys.version_info < (3, 11):
    sys.exit(1)
optimised = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
print("optimised" if optimised or sys.base_prefix == "/usr" else "plain")' 2>/dev/null) || continue
    first=${first:-$candidate}
    if [ "$built" = optimised ]; then
      first=$candidate
      break
    fi
  done < <(type -aP python3.11 python3.12 python3.13 python3)
  if [ -z "$first" ]; then
    setup_say "no Python found: expected 3.11 or newer with its venv as python3.11, python3.12, python3.13 or python3; install one (Debian: apt-get install python3 python3-venv)"
    return 1
  fi
  echo "$first"
}

setup_venv() { # a virtual environment does not survive being moved, nor its Python being removed
  local python
  if [ "$(cat "$root/.venv/root" 2>/dev/null)" = "$root" ] && [ -x "$root/.venv/bin/python" ]; then return; fi
  python=$(setup_python) || return 1
  setup_say "making .venv with $("$python" --version 2>&1) ($python)"
  if ! "$python" -m venv --clear "$root/.venv" >&2; then
    setup_say "could not make .venv; on Debian: apt-get install python3-venv"
    return 1
  fi
  printf '%s\n' "$root" >"$root/.venv/root"
}

setup_packages() { # $1: run or dev. The copy of a lock file in .venv says what is installed; dev contains run.
  local lock="$root/requirements.lock" installed="$root/.venv/installed.lock"
  if cmp -s "$root/requirements-dev.lock" "$installed"; then return; fi
  if [ "$1" = dev ]; then lock="$root/requirements-dev.lock"; elif cmp -s "$lock" "$installed"; then return; fi
  setup_say "installing $(grep -c '==' "$lock") pinned packages from ${lock##*/} (a minute or two)"
  rm -f "$installed"
  if ! "$root/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --retries 2 \
    --require-hashes --no-deps --only-binary :all: -r "$lock" >&2; then
    setup_say "could not install the packages: the first run needs the network (or a pip index or cache that has them)"
    return 1
  fi
  cp "$lock" "$installed"
}

setup_link() { # the project itself: importable, with its command and its entry points
  if cmp -s "$root/pyproject.toml" "$root/.venv/linked.toml"; then return; fi
  setup_say "linking the project into .venv (import path, entry points, .venv/bin/carbonledger)"
  "$root/.venv/bin/python" "$root/scripts/link_project.py" && cp "$root/pyproject.toml" "$root/.venv/linked.toml"
}

setup() {
  local lockfile="$root/.cache/setup.flock"
  mkdir -p "$root/.cache" || return 1
  ( # one set-up at a time, where the system has flock
    if command -v flock >/dev/null; then flock 9; fi
    setup_venv && setup_packages "${1:-run}" && setup_link
  ) 9>"$lockfile"
}

if ! setup "${1:-run}"; then
  setup_say "failed"
  exit 1
fi
