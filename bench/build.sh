# Sourced by the scripts beside it: builds the library, the server and the C
# programs into the folder $work, which goes when the script ends. With $tree
# the library is that of another source tree, in the place of this one's.

bench=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$bench")
tree=${tree:-$root}
target=${CARGO_TARGET_DIR:-$root/target}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The package alone, and as a shared library alone: with the other kinds of
# library beside it cargo leaves out the optimisation at link time.
of_tree=$target
[ "$tree" = "$root" ] || of_tree=$tree/target
(cd "$tree" && cargo rustc --release --quiet --lib --crate-type cdylib --target-dir "$of_tree")

# Under its SONAME, out of reach of a build that goes on at the same time.
cp "$of_tree/release/libreggie.so" "$work/libreggie.so.0"

compile() {
    name=$1
    shift
    ${CC:-cc} -std=gnu99 -O2 -Wall -Wextra -I"$tree/include" -o "$work/$name" "$bench/$name.c" "$@"
}
compile curl -lcurl
compile reggie "$work/libreggie.so.0" -Wl,-rpath,"$work"

build_server() {
    (cd "$bench/server" && cargo build --release --quiet --target-dir "$target")
    cp "$target/release/bench-server" "$work/server"
}
