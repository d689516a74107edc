#!/bin/sh
# Counts instructions and system calls per small GET. The optional argument is
# the source tree whose library is measured, with the programs of this tree.
set -eu
tree=${1:+$(cd "$1" && pwd)}
. "$(dirname "$0")/build.sh"
build_server

python3 "$bench/count.py" --server "$work/server" --reggie "$work/reggie" \
    --curl "$work/curl" --scratch "$work"
