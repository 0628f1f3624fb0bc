#!/usr/bin/env bash
# Make .venv hold what `ltv` needs, in the versions and with the hashes of constraints.txt.
#   ./install.sh           what `ltv` needs
#   ./install.sh dev       the extra `dev` of pyproject.toml too; any other in the same way
# PYTHON=python3.12 names the Python to use. What is there already is left as it is.
set -euo pipefail
cd "$(dirname "$0")"
extra=${1:-}
python=${PYTHON:-python3}
venv=.venv
log=$venv/install.log
# Lies there while .venv is worked on: what a killed installation left cannot be trusted.
unfinished=$venv/.unfinished
stamp=$venv/.installed
# An environment cannot be moved, so its folder counts too.
wanted=$(cat pyproject.toml constraints.txt | cksum; pwd)
# What lies in .venv makes no .venv, even where it is active.
PATH=:$PATH:
PATH=${PATH//:"$PWD/$venv/bin":/:}
PATH=${PATH#:}
PATH=${PATH%:}

stop() { # what happened, what to do next
  printf '\n%s\n' "$1" >&2
  printf '  %s\n' "${@:2}" >&2
  exit 2
}

is_usable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

is_installed() {
  [ ! -e "$unfinished" ] && is_usable "$venv/bin/python" &&
    [ "$(cat "$stamp${extra:+-$extra}" 2>/dev/null)" = "$wanted" ]
}

make_environment() {
  local named="Python 3.11 or newer is needed; for example: make PYTHON=python3.12 run"
  command -v "$python" >/dev/null || stop "There is no $python." "$named"
  is_usable "$python" || stop "$python is too old or does not run: $("$python" --version 2>&1)" "$named"
  echo "Creating $venv with $("$python" --version)."
  rm -rf "$venv"
  mkdir "$venv"
  touch "$unfinished"
  "$python" -m venv --without-pip "$venv" || stop "$python cannot create a virtual environment." "$named"
}

# The names of all packages, which uv lists in the end, are of no use to anybody here.
shown() {
  tee -a "$log" | while IFS= read -r line; do
    case $line in " + "* | " - "* | " ~ "*) ;; *) printf '%s\n' "$line" ;; esac
  done
}

explain() {
  if grep -qi 'hash mismatch\|do not match the hashes' "$log"; then
    stop "A package does not match its hash in constraints.txt and was not installed." \
      "Run it again: a download may have been cut off. If it fails again, ask the operator of your mirror."
  elif grep -qi 'failed to fetch\|error sending request\|connection\|timed out' "$log"; then
    stop "Packages could not be downloaded; the lines above show the addresses." \
      "Check the network and run it again: completed downloads are kept." \
      "Behind a mirror:     export UV_DEFAULT_INDEX=https://…/simple PIP_INDEX_URL=https://…/simple" \
      "Behind a proxy:      export HTTPS_PROXY=http://…" \
      "Own certificates:    export SSL_CERT_FILE=/…/ca.pem PIP_CERT=/…/ca.pem"
  fi
  stop "The installation failed; the lines above show why." "To start over: make clean"
}

# By the pip that is there: to make one takes longer than all the rest.
get_uv() {
  echo "Downloading uv, which installs the rest."
  local pip=("$python" -m pip --python "$venv/bin/python")
  if ! "${pip[@]}" --version >>"$log" 2>&1; then
    "$venv/bin/python" -m ensurepip >>"$log" 2>&1 || stop "$python has no pip." \
      "Install uv, or pip: on Debian and Ubuntu by apt install python3-venv"
    pip=("$venv/bin/python" -m pip)
  fi
  sed -n '/^uv==/,/[^\\]$/p' constraints.txt >"$venv/uv.txt"
  "${pip[@]}" --disable-pip-version-check install --quiet -r "$venv/uv.txt" 2>&1 | shown || explain
}

# uv reads no settings of pip. Where only pip knows of a mirror, uv is told.
tell_uv_of_mirror() {
  if [ -n "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}${UV_CONFIG_FILE:-}" ] ||
    [ -e "${XDG_CONFIG_HOME:-$HOME/.config}/uv/uv.toml" ] || [ -e /etc/uv/uv.toml ]; then
    return
  fi
  local settings
  settings=$("$python" -m pip config list 2>/dev/null || true)
  pip_setting() { sed -nE "s/^(global|install)\.$1='(.*)'\$/\2/p" <<<"$settings" | tail -n 1; }
  local index=${PIP_INDEX_URL:-$(pip_setting index-url)}
  local certificates=${SSL_CERT_FILE:-${PIP_CERT:-$(pip_setting cert)}}
  if [ -n "$index" ]; then export UV_DEFAULT_INDEX=$index; fi
  if [ -n "$certificates" ]; then export SSL_CERT_FILE=$certificates; fi
}

if is_installed; then exit 0; fi
if [ -e "$unfinished" ]; then
  echo "The last installation was interrupted; starting over."
  make_environment
elif ! is_usable "$venv/bin/python"; then
  make_environment
fi
touch "$unfinished"
: >"$log"
uv=$(command -v uv || echo "$venv/bin/uv")
[ -x "$uv" ] || get_uv
tell_uv_of_mirror
echo "Installing ltv-platform${extra:+ with the extra $extra}."
"$uv" pip install --python "$venv/bin/python" --constraint constraints.txt --build-constraint constraints.txt \
  --editable ".${extra:+[$extra]}" 2>&1 | shown || explain
rm "$unfinished"
for mark in "$stamp" "$stamp${extra:+-$extra}"; do
  printf '%s' "$wanted" >"$mark"
done
