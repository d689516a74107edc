#!/bin/sh
# Builds and runs the benchmark, and leaves nothing behind but what cargo has
# built. Arguments go to compare.py: --rounds, --requests, and names of cases.
set -eu

bench=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$bench")
target=${CARGO_TARGET_DIR:-$root/target}
export CARGO_TARGET_DIR="$target"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The package alone, and as a shared library alone: with the other kinds of
# library beside it cargo leaves out the optimisation at link time.
(cd "$root" && cargo rustc --release --quiet --lib --crate-type cdylib)
(cd "$bench/server" && cargo build --release --quiet)

# Under its SONAME, out of reach of a build that goes on at the same time.
cp "$target/release/libreggie.so" "$work/libreggie.so.0"
cp "$target/release/bench-server" "$work/server"
cc=${CC:-cc}
$cc -O2 -Wall -Wextra -o "$work/curl" "$bench/curl.c" -lcurl
$cc -O2 -Wall -Wextra -I"$root/include" -o "$work/reggie" "$bench/reggie.c" \
    "$work/libreggie.so.0" -Wl,-rpath,"$work"

# Random bytes: the holes of a sparse file would all be one page, in the cache.
head -c 1073741824 /dev/urandom > "$work/file"

status=0
python3 "$bench/compare.py" --server "$work/server" --reggie "$work/reggie" \
    --curl "$work/curl" --file "$work/file" "$@" || status=$?
exit "$status"
