# shellcheck shell=bash
# Certificates for the checks beside this, made by the openssl command. Sourced; wants $here, and makes $here/pki.
# shellcheck disable=SC2154

pki=$here/pki
mkdir -p "$pki/issued"
: >"$pki/index.txt"
cat >"$pki/openssl.cnf" <<TEXT
[ca]
default_ca = us
[us]
dir = $pki
database = $pki/index.txt
new_certs_dir = $pki/issued
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[issuing]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
[signer]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
[plain]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
[encipher]
basicConstraints = critical, CA:FALSE
keyUsage = critical, keyEncipherment
[none]
basicConstraints = critical, CA:FALSE
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
TEXT

# key NAME ALGORITHM: $pki/NAME.key.
key() {
  case $2 in
    rsa) openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$pki/$1.key" ;;
    ed25519) openssl genpkey -algorithm ed25519 -out "$pki/$1.key" ;;
    *) openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" -out "$pki/$1.key" ;;
  esac
  chmod 600 "$pki/$1.key"
}

# root NAME: a CA that vouches for itself.
root() {
  key "$1" P-256
  openssl req -new -x509 -config "$pki/openssl.cnf" -extensions root -key "$pki/$1.key" -subj "/CN=$1" -days 3650 -out "$pki/$1.pem"
}

# certificate NAME ALGORITHM ISSUER WHAT [FROM TO]: $pki/NAME.key and NAME.pem, of that section of the file above.
certificate() {
  key "$1" "$2"
  openssl req -new -config "$pki/openssl.cnf" -key "$pki/$1.key" -subj "/CN=$1" -out "$pki/$1.csr"
  openssl ca -batch -notext -config "$pki/openssl.cnf" -extensions "$4" -cert "$pki/$3.pem" -keyfile "$pki/$3.key" \
    -in "$pki/$1.csr" -out "$pki/$1.pem" -startdate "${5:-20200101000000Z}" -enddate "${6:-20491231000000Z}" 2>"$pki/said" ||
    { cat "$pki/said" >&2 && exit 2; }
}

root 'root'
root 'stranger'
certificate issuing P-384 root issuing
certificate ed25519 ed25519 issuing signer
certificate p256 P-256 issuing signer
certificate p384 P-384 issuing plain
certificate rsa rsa issuing signer
certificate p521 P-521 issuing signer
certificate old P-256 issuing signer 20200101000000Z 20210101000000Z
certificate early P-256 issuing signer 20480101000000Z 20490101000000Z
certificate encipher P-256 issuing encipher
certificate none P-256 issuing none
certificate server P-256 issuing server
certificate below P-256 p256 signer
certificate foreign P-256 stranger signer
for name in ed25519 p256 p384 rsa p521 old early encipher none server; do
  cat "$pki/$name.pem" "$pki/issuing.pem" >"$pki/$name.chain"
done
cat "$pki/below.pem" "$pki/p256.pem" "$pki/issuing.pem" >"$pki/below.chain"
cat "$pki/issuing.pem" "$pki/p256.pem" >"$pki/turned.chain"
