#!/bin/sh
# Counts instructions and system calls for each small GET. With a source tree
# as argument it counts that one's library, with this one's programs.
set -eu
tree=${1:+$(cd "$1" && pwd)}
. "$(dirname "$0")/build.sh"
build_server

python3 "$bench/count.py" --server "$work/server" --reggie "$work/reggie" \
    --curl "$work/curl" --scratch "$work"
