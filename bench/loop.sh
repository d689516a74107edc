#!/bin/sh
# A batch in a program with an event loop: how late a timer is, and how soon all threads
# have ended after a cancel. Passes its arguments to loop.py.
set -eu
. "$(dirname "$0")/build.sh"
compile images "$work/libreggie.so.0" -Wl,-rpath,"$work"
compile loop "$work/libreggie.so.0" -Wl,-rpath,"$work"

python3 "$bench/loop.py" --work "$work" "$@"
