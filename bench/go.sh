#!/bin/sh
# Compares the Go package with Go Reggie: one program, built with either. Passes
# its arguments to go.py: --rounds, --requests, and names of cases.
set -eu
. "$(dirname "$0")/build.sh"
build_server
(cd "$root/tests/registries" && go build -o "$work/olareg" github.com/olareg/olareg/cmd/olareg)

# Lets pkg-config find the library that was just built.
ln -s libreggie.so.0 "$work/libreggie.so"
cat > "$work/reggie.pc" <<END
Name: reggie
Description: The library of the benchmark
Version: 0
Cflags: -I$root/include
Libs: -L$work -Wl,-rpath,$work -lreggie
END
sed 's|"libreggie/reggie"|"github.com/bloodorangeio/reggie"|' "$bench/go/main.go" > "$work/main.go"
echo "{\"Replace\": {\"$bench/go/main.go\": \"$work/main.go\"}}" > "$work/overlay.json"
(cd "$bench/go" && PKG_CONFIG_PATH="$work" go build -o "$work/ours" . &&
    go build -overlay "$work/overlay.json" -o "$work/theirs" .)

# Random bytes: the holes of a sparse file would share one page.
head -c 1073741824 /dev/urandom > "$work/file"

python3 "$bench/go.py" --server "$work/server" --olareg "$work/olareg" \
    --programs "$work" --file "$work/file" "$@"
