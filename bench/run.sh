#!/bin/sh
# Builds and runs the benchmark, and leaves nothing behind but what cargo has
# built. Arguments go to compare.py: --rounds, --requests, and names of cases.
set -eu
. "$(dirname "$0")/build.sh"
build_server
(cd "$bench/oras" && go build -o "$work/oras" .)

# Random bytes: the holes of a sparse file would all be one page, in the cache.
head -c 1073741824 /dev/urandom > "$work/file"

python3 "$bench/compare.py" --server "$work/server" --reggie "$work/reggie" \
    --curl "$work/curl" --oras "$work/oras" --file "$work/file" "$@"
