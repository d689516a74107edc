#!/bin/sh
# Runs a command with the URL of an embedded registry as its last argument, and
# stops the registry when the command has ended. Exits as the command did.
#
#     with_registry.sh PROGRAM FORM COMMAND [ARGUMENT...]
#
# PROGRAM is the embedded registry; FORM is open, basic, token or tls. What the
# examples have to know of the form is in the environment of the command.
set -eu

program=$1
form=$2
shift 2

folder=$(mktemp -d "${TMPDIR:-/tmp}/reggie-XXXXXX")
mkfifo "$folder/in" "$folder/out"
registry=

# The registry runs until its input ends: it cannot outlive this shell.
start() {
    "$program" "$@" <"$folder/in" >"$folder/out" 9>&- &
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

# It tells its URL once it listens; no line comes from one that ended.
if ! read -r url <"$folder/out"; then
    echo "the embedded registry did not start" >&2
    exit 1
fi
"$@" "$url" 9>&-
