#!/bin/sh
# Starts an embedded registry, runs a command with its URL as the last argument,
# stops the registry and exits with the command's status.
#
#     with_registry.sh [--stay] SERVER FORM COMMAND [ARGUMENT...]
#
# With --stay, the registry runs until it is interrupted if the command succeeds,
# whose output is not shown. SERVER is the embedded registry's program; FORM is open, basic, token or tls.
# The credentials and the CA file for it are in the command's environment.
set -eu

stay=
if [ "$1" = --stay ]; then
    stay=1
    shift
fi
server=$1
form=$2
shift 2

folder=$(mktemp -d "${TMPDIR:-/tmp}/reggie-XXXXXX")
mkfifo "$folder/in" "$folder/out"
registry=

# The registry exits when its input is closed: it cannot outlive this shell.
start() {
    "$server" "$@" <"$folder/in" >"$folder/out" 9>&- &
    registry=$!
    exec 9>"$folder/in"
}

stop() {
    exec 9>&-
    if [ -n "$registry" ]; then
        wait "$registry" || true
    fi
    rm -rf "$folder"
}

trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

unset REGGIE_USER REGGIE_PASSWORD REGGIE_CA_FILE
case $form in
basic | token)
    export REGGIE_USER=user REGGIE_PASSWORD=password ;;
tls)
    export REGGIE_CA_FILE="$folder/ca.pem" ;;
esac
case $form in
open)  start ;;
basic) start --user user --password password ;;
token) start --user user --password password --token ;;
tls)   start --tls --ca-file "$REGGIE_CA_FILE" ;;
*)     echo "no such form of registry: $form" >&2; exit 2 ;;
esac

# It prints its URL once it listens, and nothing if it failed to start.
if ! read -r url <"$folder/out"; then
    echo "the embedded registry did not start" >&2
    exit 1
fi
if [ -z "$stay" ]; then
    "$@" "$url" 9>&-
else
    "$@" "$url" 9>&- >/dev/null
    echo "The registry is at $url. Ctrl-C stops it."
    wait "$registry"
fi
