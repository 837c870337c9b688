# Puts the cached tools before the system's on PATH. Sourced after setup.sh, which sets `root`.
export PATH="$root/.venv/bin:$root/.cache/tools/bin:$root/.cache/tools/node_modules/.bin:$PATH"
