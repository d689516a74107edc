#!/bin/sh
# Makes the files of this folder anew: keys for tests in the forms that openssl
# writes, and certificates that the tests cannot make themselves, whose dates
# do not matter. Nothing else may use them. Needs openssl 3.
set -eu
cd "$(dirname "$0")"
csr=$(mktemp)
trap 'rm "$csr"' EXIT
rm -f ./*.pem ./*.key

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa-pkcs8.key
openssl pkey -in rsa-pkcs8.key -traditional -out rsa-pkcs1.key
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa-other.key

# With the parameters before the key.
openssl ecparam -name prime256v1 -genkey -out p256-sec1.key
openssl pkcs8 -topk8 -nocrypt -in p256-sec1.key -out p256-pkcs8.key
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256-other.key
openssl ecparam -name secp384r1 -genkey -noout -out p384-sec1.key
openssl pkcs8 -topk8 -nocrypt -in p384-sec1.key -out p384-pkcs8.key
openssl genpkey -algorithm ED25519 -out ed25519-pkcs8.key

openssl pkcs8 -topk8 -in p256-pkcs8.key -passout pass:secret \
    -out p256-encrypted-pkcs8.key
openssl pkey -in rsa-pkcs8.key -traditional -aes128 -passout pass:secret \
    -out rsa-encrypted-pkcs1.key

# A curve that the library does not know.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out p521.key
openssl req -x509 -key p521.key -out p521.pem -days 3650 -subj "/CN=p521"

# A certificate of version 1, which has no extensions, with the key above.
openssl req -new -key p256-pkcs8.key -subj "/CN=localhost" -out "$csr"
openssl x509 -req -in "$csr" -key p256-pkcs8.key -days 3650 -out p256-v1.pem
