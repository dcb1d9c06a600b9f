#!/usr/bin/env bash
# shellcheck disable=SC2154 # passed and failed are of checks.sh, pki of certificates.sh
# Bundles that operators build, sign and swap, as they do it. See usage().
set -uo pipefail
cd "$(dirname "$0")/../../.." || exit 2

usage() {
  cat <<'TEXT'
usage: tests/interop/bundle/run.sh [CARDWRIGHT]

Runs `cardwright bundle` (default build/release/cardwright): what it builds and signs is read by tar and checked by
openssl, broken bundles are refused, and runs begin under the version in use, some while it is swapped. Prints
"ok NAME" or "not ok NAME: why" for each check; the last line is "N passed, M failed".
TEXT
}

. tests/interop/checks.sh
take_program "$@"

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
export HOME=$here/home
mkdir "$HOME"
umask 077
. tests/interop/bundle/certificates.sh

at=(--store "$here/store.db")

# hash_of FILE: as its manifest has it.
hash_of() {
  tar xOf "$1" manifest.json | python3 -c 'import json, sys; print(json.load(sys.stdin)["hash"])'
}
# flow FOLDER NAME TEXT: a flow of that name that says TEXT.
flow() {
  mkdir -p "$1/scripts/acme"
  printf 'local log = require "log"\nreturn { name = "acme/%s", summary = "Says something", run = function(run) log.info("%s") run.card:select("") end }\n' \
    "$2" "$3" >"$1/scripts/acme/$2.lua"
}

# Building.

flow "$here/acme" hello 'this is one'
flow "$here/acme" other 'this is another'
printf 'notes\n' >"$here/acme/scripts/README.md"
one=$here/one.bundle
cw bundle build "$here/acme" --output "$one"
expect 'a folder is built' 0 'bundle [0-9A-F]{12}, [0-9]+ files' 'left out: scripts/README.md'
mkdir -p "$here/copy/scripts/acme"
for name in other hello; do cp "$here/acme/scripts/acme/$name.lua" "$here/copy/scripts/acme/"; done
touch -d 2001-01-01 "$here/copy/scripts/acme/hello.lua"
chmod 777 "$here/copy/scripts/acme/other.lua"
(umask 0 && "$cardwright" bundle build "$here/copy" --output "$here/copy.bundle" >/dev/null)
check 'another folder with the same scripts gives the same bytes' cmp -s "$one" "$here/copy.bundle"
(cd "$here" && "$cardwright" bundle build copy >/dev/null)
check 'whatever it is called' cmp -s "$one" "$here/copy.bundle"
check 'tar reads it' tar tf "$one" >"$here/names"
mkdir "$here/unpacked"
tar xf "$one" -C "$here/unpacked" 2>"$here/said"
check 'without a word' [ ! -s "$here/said" ]
check 'and finds the scripts' cmp -s "$here/unpacked/scripts/acme/hello.lua" "$here/acme/scripts/acme/hello.lua"
check 'with their hashes in the manifest' python3 -c '
import hashlib, json, os, sys
said = json.load(open(sys.argv[1] + "/manifest.json"))
for file in said["files"]:
    with open(os.path.join(sys.argv[1], file["name"]), "rb") as text:
        content = text.read()
    assert file["size"] == len(content) and file["sha256"] == hashlib.sha256(content).hexdigest().upper()
whole = b""
for file in said["files"]:
    with open(os.path.join(sys.argv[1], file["name"]), "rb") as text:
        for part in (file["name"].encode(), text.read()):
            whole += len(part).to_bytes(4, "big") + part
assert said["hash"] == hashlib.sha256(whole).hexdigest().upper() and said["api"] == 1
' "$here/unpacked"

# refused NAME PATTERN: a folder $here/bad is not built.
refused() {
  rm -f "$here/bad.bundle"
  cw bundle build "$here/bad" --output "$here/bad.bundle"
  expect "not built: $1" 1 "$2"
  one_line "in one line: $1"
  check "nothing is written: $1" [ ! -e "$here/bad.bundle" ]
  rm -rf "$here/bad"
}
flow "$here/bad" hello hello && printf 'return {\n\nname = }\n' >"$here/bad/scripts/acme/broken.lua"
refused 'a flow that does not load' 'scripts/acme/broken.lua:3'
flow "$here/bad" hello hello && printf 'return { name = "x" }\n' >"$here/bad/scripts/acme/half.lua"
refused 'a flow that is none' 'scripts/acme/half.lua'
flow "$here/bad" hello hello && printf 'while true do end\n' >"$here/bad/scripts/acme/loop.lua"
cw bundle build "$here/bad" --output "$here/bad.bundle"
expect 'not built: a flow that loops' 4 'scripts/acme/loop.lua'
rm -rf "$here/bad"
flow "$here/bad" hello hello && printf 'return "\377"\n' >"$here/bad/scripts/acme/latin.lua"
refused 'what is no text' 'latin.lua: it is no text: line 1 is not UTF-8'
flow "$here/bad" hello hello && printf -- '-- \033[2J\n' >"$here/bad/scripts/acme/control.lua"
refused 'what moves a cursor' 'control.lua: it is no text: line 1 has a control character'
flow "$here/bad" hello hello && : >"$here/bad/scripts/acme/a b.lua"
refused 'an odd name' 'words of letters'
flow "$here/bad" hello hello && : >"$here/bad/scripts/acme/.hidden.lua"
refused 'a hidden file' 'words of letters'
flow "$here/bad" hello hello && : >"$here/bad/scripts/acme/$(printf 'n%.0s' $(seq 90)).lua"
refused 'a name that is too long' 'more than 100 characters'
flow "$here/bad" hello hello && ln -s /etc/hostname "$here/bad/scripts/acme/out.lua"
refused 'a link that leads out' 'link to what is outside'
flow "$here/bad" hello hello && ln -s "$here/acme/scripts/acme" "$here/bad/scripts/more"
refused 'a folder that is elsewhere' 'link to what is outside'
flow "$here/bad" hello hello && ln -s nowhere.lua "$here/bad/scripts/acme/lost.lua"
refused 'a link to nothing' 'link to nothing'
flow "$here/bad" hello hello && mkfifo "$here/bad/scripts/acme/pipe.lua"
refused 'a pipe' 'it is no file'
flow "$here/bad" hello hello && head -c 300000 /dev/zero | tr '\0' ' ' >"$here/bad/scripts/acme/large.lua"
refused 'a file that is too large' 'larger than 256 KiB'
cw bundle build "$here/unpacked/scripts"
expect 'a folder without scripts' 2 'has no folder scripts/'
flow "$here/good" hello hello && mkdir "$here/good/scripts/_parts" && ln -s ../acme/hello.lua "$here/good/scripts/_parts/again.lua"
cw bundle build "$here/good" --output "$here/good.bundle"
expect 'a link within is a file' 0

# Signing: what is signed here is verified by openssl alone.

for name in ed25519 p256 p384; do
  cw bundle sign "$one" --key "$pki/$name.key" --chain "$pki/$name.chain" --output "$here/$name.bundle"
  expect "$name signs" 0 'is signed'
  cw bundle verify "$here/$name.bundle" --trust "$pki/root.pem"
  expect "$name is verified" 0 "signed by CN=$name, valid until 2049-12-31" \
    "$(openssl x509 -in "$pki/$name.pem" -outform DER | sha256sum | cut -d' ' -f1 | tr a-f A-F)"
  rm -rf "$here/unpacked" && mkdir "$here/unpacked" && tar xf "$here/$name.bundle" -C "$here/unpacked"
  openssl x509 -in "$here/unpacked/certificates.pem" -pubkey -noout >"$here/unpacked/public.pem"
  digest=()
  if [ "$name" = p256 ]; then digest=(-digest sha256); fi
  if [ "$name" = p384 ]; then digest=(-digest sha384); fi
  check "openssl finds the same of $name" openssl pkeyutl -verify -rawin "${digest[@]}" -pubin -inkey "$here/unpacked/public.pem" \
    -in "$here/unpacked/manifest.json" -sigfile "$here/unpacked/manifest.sig"
  check "and of its chain" openssl verify -CAfile "$pki/root.pem" -untrusted "$here/unpacked/certificates.pem" "$here/unpacked/certificates.pem"
  check "with the scripts as they were" cmp -s "$here/unpacked/scripts/acme/hello.lua" "$here/acme/scripts/acme/hello.lua"
done
cp "$here/unpacked/manifest.json" "$here/manifest.json"
# The other way round: openssl signs, and cardwright verifies.
openssl pkeyutl -sign -rawin -inkey "$pki/ed25519.key" -in "$here/manifest.json" -out "$here/manifest.sig"
check 'openssl makes the same Ed25519 signature' cmp -s "$here/manifest.sig" <(tar xOf "$here/ed25519.bundle" manifest.sig)
cp "$here/p256.bundle" "$here/again.bundle"
cw bundle sign "$here/again.bundle" --key "$pki/ed25519.key" --chain "$pki/ed25519.chain"
expect 'a signature is replaced' 0
check 'in the same file' cmp -s "$here/again.bundle" "$here/ed25519.bundle"

# unsigned NAME PATTERN SIGN-ARGUMENT...: sign refuses.
unsigned() {
  local name=$1 pattern=$2
  shift 2
  cw bundle sign "$one" --output "$here/bad.bundle" "$@"
  expect "not signed: $name" 2 "$pattern"
  one_line "in one line: $name"
}
chmod 644 "$pki/p256.key"
unsigned 'with a key that others can read' 'others can read it' --key "$pki/p256.key" --chain "$pki/p256.chain"
chmod 600 "$pki/p256.key"
unsigned 'with an RSA key' 'none of Ed25519, ECDSA on P-256' --key "$pki/rsa.key" --chain "$pki/rsa.chain"
unsigned 'with a key on P-521' 'none of Ed25519, ECDSA on P-256' --key "$pki/p521.key" --chain "$pki/p521.chain"
unsigned 'with the certificate of another key' 'certificate 1 of 2 \(CN=ed25519\) is of another key' --key "$pki/p256.key" --chain "$pki/ed25519.chain"
unsigned 'with the CA first' 'certificate 1 of 2 \(CN=issuing\) is of another key' --key "$pki/p256.key" --chain "$pki/turned.chain"
unsigned 'with one that is no signer' 'lacks digitalSignature' --key "$pki/encipher.key" --chain "$pki/encipher.chain"
unsigned 'with one that says nothing' 'lacks digitalSignature' --key "$pki/none.key" --chain "$pki/none.chain"
unsigned 'with the one of a server' 'lacks codeSigning' --key "$pki/server.key" --chain "$pki/server.chain"
unsigned 'with certificates for a key' 'holds no private key' --key "$pki/p256.pem" --chain "$pki/p256.chain"
unsigned 'with a key for certificates' 'holds no certificate' --key "$pki/p256.key" --chain "$pki/p256.key"
openssl pkey -in "$pki/p256.key" -aes256 -passout pass:secret -out "$here/locked.key"
unsigned 'with a key that has a pass phrase' 'pass phrase' --key "$here/locked.key" --chain "$pki/p256.chain"
check 'and nothing is written' [ ! -e "$here/bad.bundle" ]

# distrusted NAME PATTERN BUNDLE [CA]: verify and load refuse.
distrusted() {
  cw bundle verify "$3" --trust "${4:-$pki/root.pem}"
  expect "not trusted: $1" 1 "$2"
  one_line "in one line: $1"
  cw bundle load "$3" --trust "${4:-$pki/root.pem}" --store "$here/none.db"
  expect "nor loaded: $1" 1 "$2"
}
distrusted 'one that nobody signed' 'nobody signed it' "$one"
distrusted 'a signer of another CA' 'neither trusted nor in the chain|certificate [12] of 2 .*' "$here/p256.bundle" "$pki/stranger.pem"
for name in old early below; do
  cw bundle sign "$one" --key "$pki/$name.key" --chain "$pki/$name.chain" --output "$here/$name.bundle"
done
distrusted 'a certificate that ended' 'certificate 1 of 2 \(CN=old\) ended at 2021-01-01T00:00:00Z' "$here/old.bundle"
distrusted 'one that has not begun' 'certificate 1 of 2 \(CN=early\) begins at 2048-01-01T00:00:00Z' "$here/early.bundle"
distrusted 'one by a signer that is no CA' '\(CN=p256\) vouches for another one, and is no CA' "$here/below.bundle"
cw bundle sign "$one" --key "$pki/p256.key" --chain "$pki/p256.pem" --output "$here/short.bundle"
distrusted 'a chain with a gap' 'certificate 1 of 1 \(CN=p256\) was issued by CN=issuing, which is neither' "$here/short.bundle"
cw bundle sign "$one" --key "$pki/foreign.key" --chain "$pki/foreign.pem" --output "$here/foreign.bundle"
distrusted 'a stranger' 'was issued by CN=stranger' "$here/foreign.bundle"
cw bundle verify "$here/p256.bundle" --trust "$pki/p256.key"
expect 'a key is no CA' 2 '--trust .*p256.key: .*holds no certificate'
cw bundle verify "$here/p256.bundle" --trust "$here/nowhere.pem"
expect 'nor is nothing' 2 'nowhere.pem'
check 'none of them made a store' [ ! -e "$here/none.db" ]

# Broken ones.

flow "$here/acme2" hello 'this is two'
two=$here/two.bundle
"$cardwright" bundle build "$here/acme2" --output "$two" >/dev/null
"$cardwright" bundle sign "$two" --key "$pki/p256.key" --chain "$pki/p256.chain" --output "$here/two.signed.bundle" >/dev/null
tests/interop/bundle/break.py same "$here/p256.bundle" "$here/bad.bundle"
check 'the script that breaks them writes the same tar' cmp -s "$here/bad.bundle" "$here/p256.bundle"
while IFS=: read -r how pattern; do
  tests/interop/bundle/break.py "$how" "$here/p256.bundle" "$here/bad.bundle" "$here/two.signed.bundle"
  distrusted "$how" "$pattern" "$here/bad.bundle"
done <<'TEXT'
truncated:cut short
cut:cut short
longer:something follows its end|not as cardwright writes it
empty:it is no bundle
no-tar:not as cardwright writes it
nothing:first member is not manifest.json
unknown:scripts/zzz/readme.txt: its name does not end in .lua
outside:neither in scripts/ nor in stdlib/
absolute:neither in scripts/ nor in stdlib/
dots:words of letters
twice:twice
order:not in its place
more:lists other files
fewer:lists other files
no-manifest:first member is not manifest.json
manifest-last:first member is not manifest.json
huge-size:the head of member [0-9]+|cut short
negative-size:the head of member
many:more than 4099 members
link:the head of member
no-text:is no text
other-text:is not what manifest.json says of it
api:for API 7, and this cardwright has API 1
form:of form 2
hash:its hash is not the one that manifest.json says
extra:does not list these files
lies:is not what manifest.json says
no-files:lists other files
deep:no manifest
no-json:no manifest
only-signature:no certificates.pem
only-certificates:certificates.pem: its name
other-signature:not of this content by certificate 1 of 2 \(CN=p256\)
no-signature:not of this content
no-certificates:holds no certificate
talk:something else between
too-many:more than 8 certificates
TEXT
mkdir "$here/flips"
tests/interop/bundle/break.py --flips "$here/p256.bundle" "$here/flips"
trusted=0 unclear=0 count=0
for file in "$here/flips"/*.bundle; do
  cw bundle verify "$file" --trust "$pki/root.pem"
  count=$((count + 1))
  if [ "$status" -eq 0 ]; then trusted=$((trusted + 1)); fi
  if [ "$status" -ne 1 ] || [ "$(wc -l <"$here/err")" -ne 1 ]; then unclear=$((unclear + 1)); fi
done
check 'a bit is flipped in each part of each member' [ "$count" -gt 500 ]
check 'and none of them is trusted' [ "$trusted" -eq 0 ]
check 'which is said in one line' [ "$unclear" -eq 0 ]

# Loading and swapping.

cw bundle list "${at[@]}"
expect 'no store, no bundles' 2 'there is no store'
cw bundle load "$here/p256.bundle" "$two" "${at[@]}"
expect 'two are loaded' 0 'bundle p256 .* is loaded' 'bundle two .* is loaded'
cw bundle load "$here/ed25519.bundle" "${at[@]}" --trust "$pki/root.pem"
expect 'the same scripts are there already, whoever signed them' 0 'signed by CN=ed25519 was there already, and has this signature now'
cw bundle load "$one" "${at[@]}"
expect 'without one, the signature stays' 0 'was there already$'
cw bundle list "${at[@]}"
expect 'none is in use' 0 '^ready +p256' '^ready +two' 'none is in use'
cw run demo/inventory --card sim "${at[@]}"
expect "so runs begin with the program's own scripts" 0 '^done'
cw run acme/hello --card sim "${at[@]}" --bundle two
expect 'or with those that are named' 0 'this is two'
cw run acme/hello --card sim "${at[@]}" --bundle "$one"
expect 'in a file, too' 0 'this is one'
cw bundle use p256 "${at[@]}" --reason 'new applet'
expect 'one is used' 0 'bundle p256 .* is in use'
cw bundle use p256 "${at[@]}"
expect 'twice changes nothing' 2 'is in use already'
cw run acme/hello --card sim "${at[@]}"
expect 'a run begins with it' 0 'this is one'
check 'which the run names' [ "$(of_newest_run bundle)" = "$(hash_of "$one")" ]
cw run demo/inventory --card sim "${at[@]}"
expect 'and with nothing else' 2 "no flow 'demo/inventory'"
cw run demo/inventory --card sim "${at[@]}" --bundle .
expect 'unless it is named' 0 '^done'
printf 'return { name = "mine", summary = "At a desk", run = function(run) require("log").info("from my desk") end }\n' >"$here/mine.lua"
cw run "$here/mine.lua" --card sim "${at[@]}"
expect 'a flow of my own runs on top of it' 0 'from my desk'
cw bundle use two "${at[@]}"
expect 'another one is used' 0
cw run acme/hello --card sim "${at[@]}"
expect 'and runs begin with that' 0 'this is two'
second=$(of_newest_run id)
cw bundle discard two "${at[@]}"
expect 'the one in use stays' 2 'use another one first'
cw bundle rollback "${at[@]}" --reason 'two says two'
expect 'back to the one before' 0 'bundle p256 .* is in use again'
cw run acme/hello --card sim "${at[@]}"
expect 'which counts again' 0 'this is one'
cw bundle show p256 "${at[@]}"
expect 'a version is shown' 0 '^p256, in use' '^used .*new applet' '^used .*two says two' '^signed +yes' 'scripts/acme/hello.lua'
cw bundle show p256 --json "${at[@]}"
json 'for a program, with its manifest' 'it["signed"] and it["manifest"]["hash"] == it["hash"] and len(it["uses"]) == 2'
cw bundle show p256 --text scripts/acme/hello.lua "${at[@]}"
check 'with the text of a script' cmp -s "$here/out" "$here/acme/scripts/acme/hello.lua"
cw bundle show p256 --output "$here/back.bundle" "${at[@]}"
check 'its file is the one that was loaded, with the last signature' cmp -s "$here/back.bundle" "$here/ed25519.bundle"
cw bundle diff p256 "$two" "${at[@]}"
expect 'two are compared' 0 '^changed scripts/acme/hello.lua' '^  \+ .*this is two' '^removed scripts/acme/other.lua'
cw bundle diff p256 two --json "${at[@]}"
json 'for a program' '[file["is"] for file in it["files"]] == ["changed", "removed"]'
cw bundle diff "$one" "$here/p256.bundle" "${at[@]}"
expect 'a signature changes no script' 0 'they hold the same'
cw runs replay "$second" "${at[@]}"
expect 'a run is replayed with its own' 0 'as the journal has them'

# Only what is signed.

on=(--store "$here/signed.db")
cw bundle load "$one" "$two" "${on[@]}"
cw bundle use one --require-signed "$pki/root.pem" "${on[@]}"
expect 'a bundle that nobody signed does not come into use' 1 'cannot trust the bundle one: nobody signed it'
cw bundle load "$here/p256.bundle" "${on[@]}" --trust "$pki/root.pem"
expect 'its signature comes later' 0 'signed by CN=p256 was there already, and has this signature now'
cw bundle show one --json "${on[@]}"
json 'and is kept' 'it["signed"]'
cw bundle use one --require-signed "$pki/stranger.pem" "${on[@]}"
expect 'a signer of another CA is none' 1 'cannot trust the bundle one: certificate .* is neither trusted nor in the chain'
cw bundle use one --require-signed "$pki/root.pem" "${on[@]}"
expect 'then it comes into use' 0 'bundle one .* is in use'
cw run acme/hello --card sim --require-signed "$pki/root.pem" "${on[@]}"
expect 'and runs begin with it' 0 'this is one'
cw run acme/hello --card sim --require-signed "$pki/root.pem" --bundle "$two" "${on[@]}"
expect 'no run begins with another one' 1 'only signed bundles are taken here: .*nobody signed it'
cw run acme/hello --card sim --require-signed "$pki/root.pem" --bundle two "${on[@]}"
expect 'from the store neither' 1 'only signed bundles are taken here'
cw run acme/hello --card sim --require-signed "$pki/root.pem" --bundle "$here/acme" "${on[@]}"
expect 'a folder has no signature' 2 'has no signature, and only signed bundles are taken here'
cw bundle use two "${on[@]}"
cw run acme/hello --card sim --require-signed "$pki/root.pem" "${on[@]}"
expect 'nor does one with what came into use unsigned' 1 'only signed bundles are taken here: .*nobody signed it'
cat >"$here/serve.json" <<JSON
{ "store": { "where": "$here/signed.db" }, "bundles": { "require_signed": ["$pki/root.pem"] },
  "doors": { "operator": { "unix": "$here/door" }, "metrics": { "listen": "127.0.0.1:0" } } }
JSON
cw serve "$here/serve.json" --check
expect 'a service may be told so' 0 'can be used'
# What nobody signed is in use: the doors open all the same, since that is where another one is loaded.
"$cardwright" serve "$here/serve.json" >"$here/served" 2>&1 </dev/null &
service=$!
for _ in $(seq 100); do [ -S "$here/door" ] && break || sleep 0.1; done
on_door=(--service "http+unix://$here/door")
cw runs list "${on_door[@]}"
expect 'a service starts with one that nobody signed in use' 0
check 'and says so' grep -q 'no run begins with the bundle in use.*nobody signed it' "$here/served"
readiness=$(curl -s --unix-socket "$here/door" http://localhost/v1/health)
check 'and is not ready' grep -q '"ready":false.*"name":"bundle","ok":false' <<<"$readiness"
cw bundle use one "${on_door[@]}"
expect 'a signed one is used over the door' 0 'bundle one .* is in use'
readiness=$(curl -s --unix-socket "$here/door" http://localhost/v1/health)
check 'and then it is ready' grep -q '"ready":true' <<<"$readiness"
kill "$service"
wait "$service"

# Tried on the runs that have been.

flow "$here/more" hello 'this is more'
sed -i 's/run.card:select("") end/run.card:select("A0000001510000") end/' "$here/more/scripts/acme/hello.lua"
cw bundle build "$here/more" --output "$here/more.bundle"
cw bundle shadow "$here/more.bundle" --flow acme/hello "${on[@]}"
expect 'a bundle is tried on runs' 0 '^1 +acme/hello ' 'with bundle [0-9A-F]{12}: 1 of 1 run of the last 7d would have gone another way'
cw bundle shadow one "${on[@]}" --json
json 'its own runs are the same' 'it["runs"] == 1 and it["changed"] == 0 and it["not_tried"] == []'
cw bundle shadow . "${on[@]}"
expect 'one that lacks their flow would not begin them' 0 "does not begin: .*acme/hello"

# A canary.

cw bundle use two --canary 99.999% "${on[@]}"
expect 'a bundle may be a canary' 0 'bundle two .* is a canary: from now on 99.999% of the runs'
cw run acme/hello --card sim "${on[@]}"
expect 'and runs begin with it' 0 'this is two'
cw bundle list "${on[@]}"
expect 'which are counted' 0 '^canary +two' '^in use +one' '0 of 1 runs failed, and 0 of 0 others'
cw bundle rollback "${on[@]}"
expect 'it is ended' 0 'bundle two .* is a canary no more'
cw run acme/hello --card sim "${on[@]}"
expect 'and runs begin with the one in use' 0 'this is one'

# Two persons.

cw bundle use two "${on[@]}"
printf 'return { name = "two", api = 1, approval = { "bundle use" } }\n' >"$here/persons.lua"
cw policy load "$here/persons.lua" "${on[@]}"
cw policy use two "${on[@]}"
cw bundle use one --require-signed "$pki/root.pem" "${on[@]}"
expect 'where a policy wants two persons, a bundle is proposed' 0 'bundle one .* is proposed'
cw policy proposals "${on[@]}"
expect 'and listed so' 0 '^open .* bundle use '
cw policy use deny_all "${on[@]}"
cw bundle use one "${on[@]}"
expect 'once' 2 'the same was proposed'
python3 -c 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute("UPDATE proposals SET made_by = ?", ["ada@desk"]); db.commit()' "$here/signed.db"
cw policy approve "$(cw policy proposals --json "${on[@]}" && python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[0]["id"])' "$here/out")" "${on[@]}"
expect 'another person approves it' 0 'bundle one .* is in use'
cw policy rollback "${on[@]}"
expect 'deny_all is taken back' 0 'policy two .* is in use again'

cw bundle discard two "${at[@]}"
expect 'one that is not in use goes' 0 'is discarded'
cw bundle use two "${at[@]}"
expect 'and cannot be used' 2 'was discarded; load its file again'
cw runs replay "$second" "${at[@]}"
expect 'a run keeps its copy' 0 'as the journal has them'

# A swap while a run is under way, and while a batch is.

flow "$here/slow" hello 'this is slow'
cat >"$here/slow/scripts/acme/wait.lua" <<'LUA'
local clock, log = require "clock", require "log"
return {
  name = "acme/wait", summary = "Waits, then looks",
  run = function(run)
    clock.sleep(2)
    log.info(require("_acme.word").word)
    run.card:select("")
  end,
}
LUA
mkdir "$here/slow/scripts/_acme"
printf 'return { word = "the old word" }\n' >"$here/slow/scripts/_acme/word.lua"
"$cardwright" bundle build "$here/slow" --output "$here/slow-1.bundle" >/dev/null
printf 'return { word = "the new word" }\n' >"$here/slow/scripts/_acme/word.lua"
"$cardwright" bundle build "$here/slow" --output "$here/slow-2.bundle" >/dev/null
cw bundle load "$here/slow-1.bundle" "$here/slow-2.bundle" "${at[@]}"
cw bundle use slow-1 "${at[@]}"
"$cardwright" run acme/wait --card sim "${at[@]}" >"$here/slow.out" 2>&1 &
slow=$!
for _ in $(seq 100); do
  if [ "$("$cardwright" runs list "${at[@]}" --limit 1 --json | grep -c '"flow":"acme/wait"')" -eq 1 ]; then break; fi
  sleep 0.05
done
cw bundle use slow-2 "${at[@]}"
cw bundle list "${at[@]}"
expect 'the one before drains while a run holds it' 0 '^draining +slow-1 .* 1$' '^in use +slow-2'
wait "$slow"
check 'a run keeps its version to its end' grep -q 'the old word' "$here/slow.out"
cw bundle list "${at[@]}"
expect 'then nothing holds it' 0 '^ready +slow-1'
cw run acme/wait --card sim "${at[@]}"
expect 'the next one has the new one' 0 'the new word'

cat >"$here/slow/scripts/acme/row.lua" <<'LUA'
return {
  name = "acme/row", summary = "Of one row", args = { number = { type = "integer", help = "any" } },
  run = function(run) run.card:select("") end,
}
LUA
"$cardwright" bundle build "$here/slow" --output "$here/row-1.bundle" >/dev/null
sed -i 's/Of one row/Of a row/' "$here/slow/scripts/acme/row.lua"
"$cardwright" bundle build "$here/slow" --output "$here/row-2.bundle" >/dev/null
sed -i 's/type = "integer"/type = "string"/' "$here/slow/scripts/acme/row.lua"
"$cardwright" bundle build "$here/slow" --output "$here/row-3.bundle" >/dev/null
cw bundle load "$here"/row-[123].bundle "${at[@]}"
cw bundle use row-1 "${at[@]}"
printf 'number\n' >"$here/rows.csv"
seq 300 >>"$here/rows.csv"
"$cardwright" batch acme/row --cards 'sim:generic*2' --data "$here/rows.csv" "${at[@]}" >"$here/batch.out" 2>&1 &
batch=$!
for _ in $(seq 200); do
  if [ "$("$cardwright" runs list "${at[@]}" --flow acme/row --json 2>/dev/null | wc -l)" -gt 4 ]; then break; fi
  sleep 0.05
done
cw bundle use row-2 "${at[@]}"
expect 'scripts are swapped under a batch' 0
since=$("$cardwright" bundle show row-2 "${at[@]}" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["uses"][0]["since"])')
wait "$batch"
check 'the batch comes to its end' [ $? -eq 0 ]
"$cardwright" runs list "${at[@]}" --flow acme/row --all --json >"$here/runs.json"
check 'every row under one of the two, and none begun later under the old one' python3 -c '
import json, sys
runs = [json.loads(line) for line in open(sys.argv[1])]
old, new, since = sys.argv[2], sys.argv[3], int(sys.argv[4])
assert len(runs) == 300 and {run["bundle"] for run in runs} == {old, new}
assert not any(run["created"] > since and run["bundle"] == old for run in runs)
' "$here/runs.json" "$(hash_of "$here/row-1.bundle")" "$(hash_of "$here/row-2.bundle")" "$since"

{ echo number && seq 301 600; } >"$here/more.csv"
"$cardwright" batch acme/row --cards 'sim:generic*2' --data "$here/more.csv" "${at[@]}" >"$here/batch.out" 2>&1 &
batch=$!
for _ in $(seq 200); do
  if [ "$("$cardwright" runs list "${at[@]}" --flow acme/row --all --json 2>/dev/null | wc -l)" -gt 304 ]; then break; fi
  sleep 0.05
done
cw bundle use row-3 "${at[@]}"
wait "$batch"
check 'where the flow takes other arguments now, the batch ends' [ $? -eq 1 ]
check 'and says why' grep -q 'came into use meanwhile, and its flow takes other arguments' "$here/batch.out"
cw batch acme/row --cards 'sim:generic*2' --data "$here/more.csv" "${at[@]}"
expect 'begun again, it goes on with the new one' 0
check 'and every row was done once' [ "$(awk -F, '$4 == "done" { print $2 }' "$here/more.csv.results.csv" | sort | uniq -c | awk '$1 == 1' | wc -l)" -eq 300 ]

# What is left of it.

cw audit list "${at[@]}"
expect 'the audit has it all' 0 'bundle loaded .*name: p256' 'bundle used .*reason: new applet' 'bundle rolled back' \
  'bundle discarded .*name: two'
cw audit verify "${at[@]}"
expect 'and is whole' 0 'whole'
cw store check "${at[@]}"
expect 'so is the store' 0
cw bundle use p256 --store "$here/typo.db"
expect 'a store that is not there is not made' 2 'there is no store'
cw bundle use p256 --store none
expect 'without a store there is nothing to swap' 2 'switched off'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
