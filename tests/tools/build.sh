#!/usr/bin/env bash
# Gets the programs that tests and the demo stand on, and prints the directory that holds them:
#   bin/   etcd kube-apiserver kube-controller-manager kubectl helm kubeconform
#   venv/  Python with the moto server and the aws command line
#
# TRAILKEEPER_TOOLS   a directory of that shape: used as it is, nothing is built
# KUBEBUILDER_ASSETS  programs found there are used, only the missing ones are built
# TRAILKEEPER_CACHE   where builds are kept (default: ~/.cache/trailkeeper)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${TRAILKEEPER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/trailkeeper}
assets=${KUBEBUILDER_ASSETS:-}
programs=(kube-apiserver etcd kubectl kube-controller-manager helm kubeconform)
python=${PYTHON:-python3}
# shellcheck source=tests/tools/flags.sh
. "$here/flags.sh"

say() { printf 'tools: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

package_of() {
  case $1 in
    etcd) echo go.etcd.io/etcd/server/v3 ;;
    helm) echo helm.sh/helm/v3/cmd/helm ;;
    kubeconform) echo github.com/yannh/kubeconform/cmd/kubeconform ;;
    *) echo "k8s.io/kubernetes/cmd/$1" ;;
  esac
}

# Prints what a directory lacks; a venv whose Python was upgraded away counts as lacking.
missing_in() {
  local program
  for program in "${programs[@]}"; do [ -x "$1/bin/$program" ] || echo "bin/$program"; done
  for program in moto_server aws; do [ -x "$1/venv/bin/$program" ] || echo "venv/bin/$program"; done
  [ -x "$1/venv/bin/python" ] || echo venv/bin/python
}

fingerprint() {
  {
    cat "$here/go.mod" "$here/go.sum" "$here/flags.sh" "$here/requirements.txt"
    # GOTOOLCHAIN: the version that would compile go.mod, which may be newer than the one installed
    (cd "$here" && go env GOVERSION GOOS GOARCH 2>/dev/null) || echo "no go"
    "$python" -V 2>&1 || echo "no python"
    echo "$assets"
  } | sha256sum | cut -c1-12
}

require_python() {
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "Python 3.11 or newer is needed for the moto server, and '$python' is not; install it or name it with PYTHON=..."
  "$python" -c 'import ensurepip' 2>/dev/null ||
    fail "'$python' can't make virtual environments; install its venv package (python3-venv on Debian and Ubuntu)"
}

# The tools directory only ever appears whole: it is made under another name and then renamed.
build() {
  local target=$1 work=$1.building.$$ number=0 program started
  # shellcheck disable=SC2064  # expanded now: the variable is gone when the trap runs
  trap "rm -rf '$work'" EXIT
  mkdir -p "$work/bin"
  say "building into $target: once, about 600 CPU-seconds and 4 GB of Go caches; later runs take no time"
  require_python
  say "[1/$((${#programs[@]} + 1))] Python environment: moto and the aws command line"
  make_venv "$work/venv" "$target/venv"
  number=1
  for program in "${programs[@]}"; do
    number=$((number + 1))
    if [ -n "$assets" ] && [ -x "$assets/$program" ]; then
      say "[$number/$((${#programs[@]} + 1))] $program: from KUBEBUILDER_ASSETS"
      ln -s "$assets/$program" "$work/bin/$program"
      continue
    fi
    command -v go >/dev/null || fail "Go is needed to build $program; install it, or set KUBEBUILDER_ASSETS or TRAILKEEPER_TOOLS"
    say "[$number/$((${#programs[@]} + 1))] compiling $program"
    started=$SECONDS
    (cd "$here" && CGO_ENABLED=0 GOWORK=off GOFLAGS='' \
      go build -trimpath -mod=readonly -ldflags "$ldflags" -o "$work/bin/$program" "$(package_of "$program")") >&2
    say "      $program took $((SECONDS - started)) s"
  done
  rm -rf "$target"
  mv "$work" "$target"
}

# A virtual environment names its own path in its scripts, so the path it will have is written in.
make_venv() {
  local work=$1 final=$2
  "$python" -m venv "$work"
  "$work/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$here/requirements.txt" >&2
  find "$work/bin" "$work/pyvenv.cfg" -type f -exec grep -lIF "$work" {} + |
    while read -r script; do
      sed "s|$work|$final|g" "$script" >"$script.new"
      cat "$script.new" >"$script" # keeps the mode
      rm "$script.new"
    done
}

if [ -n "${TRAILKEEPER_TOOLS:-}" ]; then
  lacking=$(missing_in "$TRAILKEEPER_TOOLS" | tr '\n' ' ')
  [ -z "$lacking" ] || fail "TRAILKEEPER_TOOLS=$TRAILKEEPER_TOOLS lacks $lacking"
  echo "$TRAILKEEPER_TOOLS"
  exit
fi

target=$cache/tools-$(fingerprint)
if [ -n "$(missing_in "$target")" ]; then
  mkdir -p "$cache"
  exec 9>"$cache/tools.lock"
  flock --nonblock 9 || { say "another build is running; waiting for it (at most 60 min)"; flock --timeout 3600 9; } ||
    fail "the other build still holds $cache/tools.lock"
  rm -rf "$cache"/tools-*.building.* # left by builds that were killed; none runs while the lock is ours
  [ -z "$(missing_in "$target")" ] || build "$target"
fi
if [ "$(readlink "$cache/tools" 2>/dev/null)" != "$target" ]; then
  ln -s "$target" "$cache/tools.$$"
  mv -T "$cache/tools.$$" "$cache/tools"
fi
echo "$target"
