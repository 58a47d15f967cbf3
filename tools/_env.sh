# Sourced by the other scripts here, not run. It leaves the caller in the repository root
# with $VENV_PYTHON, the interpreter of an up-to-date .venv.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
VENV_PYTHON="$PWD/.venv/bin/python"

say() { printf '[odegraph] %s\n' "$*"; }

# Python 3.11 or newer that can make a virtual environment; $PYTHON overrides the search.
find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    say "There is no Python >= 3.11 with the venv and ensurepip modules on the PATH." >&2
    say "Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python)," >&2
    say "or name it: PYTHON=/path/to/python3 $0" >&2
    return 1
}

# What .venv was made from. The folder counts: an editable install points to it.
environment_stamp() {
    { cat pyproject.toml tools/constraints.txt && printf '%s\n' "$PWD"; } | cksum
}

ensure_environment() {
    local stamp python quiet=(--quiet)
    stamp=$(environment_stamp)
    if [[ -x $VENV_PYTHON && -f .venv/odegraph-stamp && $(<.venv/odegraph-stamp) == "$stamp" ]]; then
        say "using .venv"
        return
    fi
    if ! "$VENV_PYTHON" -m pip --version >/dev/null 2>&1; then
        python=$(find_python) || return 1
        say "making .venv with $python"
        "$python" -m venv --clear .venv || return 1
    fi
    [[ -t 1 ]] && quiet=()
    say "installing odegraph and what it needs into .venv, at the versions in tools/constraints.txt (minutes, once)"
    rm -f .venv/odegraph-stamp
    "$VENV_PYTHON" -m pip install ${quiet[@]+"${quiet[@]}"} --disable-pip-version-check \
        --constraint tools/constraints.txt --editable '.[dev]' || return 1
    printf '%s\n' "$stamp" >.venv/odegraph-stamp
}

# Lint, types and tests; all three run even if one fails. The arguments go to pytest.
run_checks() {
    local failed=()
    say "format: ruff format --check"
    "$VENV_PYTHON" -m ruff format --check . || failed+=(format)
    say "lint: ruff check"
    "$VENV_PYTHON" -m ruff check . || failed+=(lint)
    say "types: pyright"
    "$VENV_PYTHON" -m pyright || failed+=(types)
    say "tests: pytest -n 2 $*"
    OMP_NUM_THREADS=1 "$VENV_PYTHON" -m pytest -n 2 "$@" || failed+=(tests)
    if ((${#failed[@]})); then
        say "FAILED: ${failed[*]}" >&2
        return 1
    fi
    say "passed: format, lint, types, tests"
}
