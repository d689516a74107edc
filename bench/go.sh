#!/bin/sh
# The Go package beside Go Reggie: one program, built with each of them. Arguments
# go to go.py: --rounds, --requests, and names of cases.
set -eu
. "$(dirname "$0")/build.sh"
build_server
(cd "$root/tests/registries" && go build -o "$work/olareg" github.com/olareg/olareg/cmd/olareg)

# What pkg-config finds for it is the library that was just built.
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

# Random bytes: the holes of a sparse file would all be one page, in the cache.
head -c 1073741824 /dev/urandom > "$work/file"

python3 "$bench/go.py" --server "$work/server" --olareg "$work/olareg" \
    --programs "$work" --file "$work/file" "$@"
