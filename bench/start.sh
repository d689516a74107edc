#!/bin/sh
# Measures the size of the shared library, without symbols, and what it costs before
# the first request: start.sh [LIBRARY...]. Without arguments, builds the library.
set -eu
bench=$(cd "$(dirname "$0")" && pwd)
if [ $# -eq 0 ]; then
    make -s -C "$bench/.." DOC=
    set -- "$bench/../target/package/libreggie.so.0"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${CC:-cc} -std=gnu99 -O2 -Wall -Wextra -I"$bench/../include" -o "$work/start" "$bench/start.c"
for library; do
    strip -o "$work/stripped" "$library"
    echo "$library: $(stat -c %s "$work/stripped") bytes"
done
"$work/start" "$@"
