# What ./run and ./test share: packages, and builds of a preset. Sourced by bash; `root` is the repository.
# Nothing but apt-get ever runs as another user, so what is built belongs to who builds it.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# What a script exits with if this machine lacks what it wants, which is no fault of what it tests.
# shellcheck disable=SC2034  # of who sources this
not_possible=69

say() { printf '%s\n' "$*" >&2; }
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# What is built, and the logs of building it, stand in build/.
need_build_folder() {
  if ! mkdir -p "$root/build" 2>/dev/null || ! [[ -w $root/build ]]; then
    die "$root/build cannot be written by you: give it to yourself (chown -R), or work in a clone of your own"
  fi
}

# missing_packages SET...: those of tools/packages that are not installed.
missing_packages() {
  local set package command wanted=() installed
  while read -r set package command; do
    [[ $set == '#'* || -z $set || " $* " != *" $set "* ]] && continue
    [[ -n $command ]] && command -v "$command" >/dev/null && continue
    wanted+=("$package")
  done <"$root/tools/packages"
  # It fails if it knows any of them not at all: that one is missing.
  installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null) || true
  for package in "${wanted[@]}"; do
    grep -qx "$package installed" <<<"$installed" || printf '%s\n' "$package"
  done
}

# install_packages SET...: asks nothing and does nothing if all are there.
install_packages() {
  local missing as_root=() log name
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} == 0)) && return
  # shellcheck source=/dev/null
  name=$(. /etc/os-release 2>/dev/null && printf '%s\n' "${PRETTY_NAME:-an unknown system}") || name='an unknown system'
  # shellcheck source=/dev/null
  if ! (. /etc/os-release && [[ ${VERSION_CODENAME:-} == bookworm ]]) 2>/dev/null; then
    die "this is $name; the packages are known for Debian 12 (bookworm) only. Missing by their names there:
  ${missing[*]}
Install what corresponds to them and say --no-install, or use a Debian 12 machine or container."
  fi
  local options=(-y -q --no-install-recommends --no-remove -o DPkg::Lock::Timeout=120)
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "packages are missing, and only root may install them. As root, run:
  apt-get update && apt-get install ${options[*]} ${missing[*]}"
    as_root=(sudo)
  fi
  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  log=$root/build/apt.log
  # A repository that does not answer need not be the one with our packages: the installation decides.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q -o DPkg::Lock::Timeout=120 \
    </dev/null >"$log" 2>&1 || true
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "${missing[@]}" \
    </dev/null >>"$log" 2>&1 || {
    tail -n 15 "$log" >&2
    die "the packages could not be installed (all of it: $log). By hand:
  ${as_root[*]} apt-get update && ${as_root[*]} apt-get install --no-install-recommends ${missing[*]}"
  }
}

# parallel_jobs GIGABYTES: one a core, and no more than fit the free memory at that much each.
parallel_jobs() {
  local cores free_kb jobs
  cores=$(nproc)
  free_kb=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  jobs=$((free_kb / ($1 * 1024 * 1024)))
  ((jobs < 1)) && jobs=1
  printf '%s\n' $((jobs < cores ? jobs : cores))
}

# source_files: what a clone has, with a NUL behind each. Without git, all but what builds and runs leave.
source_files() {
  git -C "$root" ls-files -z --cached --others --exclude-standard 2>/dev/null ||
    (cd "$root" && find . \( -path ./.git -o -path ./build -o -path './data*' -o -path ./web/built -o -path ./web/dist \
      -o -name node_modules \) -prune -o ! -type d -printf '%P\0')
}

# configure PRESET: unless it is done; ninja itself does it again when a CMakeLists.txt changes.
configure() {
  local folder=$root/build/$1 fresh=()
  [[ $folder/build.ninja -nt $root/CMakePresets.json ]] &&
    grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$folder/CMakeCache.txt" && return
  # A build folder that was copied along from elsewhere is of no use.
  [[ -e $folder/CMakeCache.txt ]] && fresh=(--fresh)
  (cd "$root" && cmake --preset "$1" "${fresh[@]}") >"$folder.configure.log" 2>&1 || {
    tail -n 20 "$folder.configure.log" >&2
    die "the $1 preset cannot be configured (all of it: $folder.configure.log)"
  }
}

# say_if_without_page FOLDER: why a build has no page for browsers (cmake/page.cmake), if it has none.
say_if_without_page() {
  [[ ! -e $1/page/missing.txt ]] || say "$(<"$1/page/missing.txt")"
}

# build PRESET GIGABYTES_A_JOB [TARGET...]: one line of progress on a terminal; else the compiler's complaints only.
build() {
  local preset=$1 jobs log=$root/build/$1.build.log
  jobs=$(parallel_jobs "$2")
  # Two at once would get into each other's way. No child that outlives this may hold the lock.
  exec 9>"$root/build/.lock"
  flock 9
  configure "$preset" 9>&-
  if [[ -t 2 ]]; then
    (cd "$root/build/$preset" && NINJA_STATUS='[%f/%t] ' exec ninja -j "$jobs" "${@:3}" 9>&- >&2) ||
      die "the $preset preset does not build"
  else
    # Nobody watches: all that does not compile is told at once.
    ninja -C "$root/build/$preset" -j "$jobs" -k 0 --quiet "${@:3}" 9>&- >"$log" 2>&1 || {
      cat "$log" >&2
      die "the $preset preset does not build (all of it: $log)"
    }
  fi
  exec 9>&-
}
