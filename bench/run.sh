#!/bin/sh
# Builds and runs the benchmark. Passes its arguments to compare.py: --rounds,
# --requests, and names of cases.
set -eu
. "$(dirname "$0")/build.sh"
build_server
(cd "$bench/oras" && go build -o "$work/oras" .)

# Random bytes: the holes of a sparse file would share one page.
head -c 1073741824 /dev/urandom > "$work/file"

python3 "$bench/compare.py" --server "$work/server" --reggie "$work/reggie" \
    --curl "$work/curl" --oras "$work/oras" --file "$work/file" "$@"
