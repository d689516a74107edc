# Sourced by the other scripts: builds the library, the server and the C programs
# into the temporary folder $work. If $tree is set, builds the library of that
# source tree.

bench=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$bench")
tree=${tree:-$root}
target=${CARGO_TARGET_DIR:-$root/target}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Only the shared library: cargo disables link-time optimisation if it also
# builds other crate types.
of_tree=$target
[ "$tree" = "$root" ] || of_tree=$tree/target
(cd "$tree" && cargo rustc --release --quiet --lib --crate-type cdylib --target-dir "$of_tree")

# Copied under its SONAME, so that concurrent builds do not affect it.
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

# Other clients, in the versions of the long tests.
tools=$root/target/long
build_tools() {
    for tool in "$@"; do
        case $tool in
        crane) package=github.com/google/go-containerregistry/cmd/crane ;;
        regctl) package=github.com/regclient/regclient/cmd/regctl ;;
        oras) package=oras.land/oras/cmd/oras ;;
        distribution) package=github.com/distribution/distribution/v3/cmd/registry ;;
        esac
        (cd "$root/tests/long" && go build -o "$tools/$tool" "$package")
    done
}
