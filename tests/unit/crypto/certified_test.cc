// Signatures by keys that certificates vouch for. Certificates and signatures were made with the openssl command 3.0.
#include "crypto/certified.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::crypto {
namespace {

constexpr const char* kRoot = R"(-----BEGIN CERTIFICATE-----
MIIBYTCCAQigAwIBAgIUFSkbSKn1eWecEWT6cOIVok1fLbcwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEcm9vdDAeFw0yNjExMjYwMjIwMzFaFw0zNjExMjMwMjIwMzFa
MA8xDTALBgNVBAMMBHJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATnHQcT
mJGSK2Soyf3e6QhfalCOsyvYVlqrt79tafxFk/495+MvIjosK3tjC915Qz0AKaXs
WeLR2W4fpNMLysaUo0IwQDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIB
BjAdBgNVHQ4EFgQUdFPGhScxpGIjPn8CErjs3Mws10YwCgYIKoZIzj0EAwIDRwAw
RAIgf7TeYy2BlWOGhtW6jIbf0XQkDXKxkfrJaDbVxa9xXc4CIBqp5NmkMcxvoVz6
/NlM0KcjuCvENy6QiKelI9il5Gce
-----END CERTIFICATE-----
)";
constexpr const char* kStranger = R"(-----BEGIN CERTIFICATE-----
MIIBajCCARCgAwIBAgIUD9KVL+TJOMvG5sdnxr8NUTi2SI4wCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIc3RyYW5nZXIwHhcNMjYxMTI2MDIyMDMxWhcNMzYxMTIzMDIy
MDMxWjATMREwDwYDVQQDDAhzdHJhbmdlcjBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABHcl5fNlnnQABuaRu0rNAZjo0OaC1fnYUm9K4WMxsLPY1SbMIAOCWL5lw9jz
MtnSPjCWL1NeCRgDWayec0bA56KjQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0P
AQH/BAQDAgEGMB0GA1UdDgQWBBSg0qg3xryRezdUho9p5TrC9TT2ezAKBggqhkjO
PQQDAgNIADBFAiEA5h3oBjDbo/mP14+onemdpcgwfTIwaEsNxBX4RuAKr0oCIFmc
zslBzsWzHpkV7m6hFYG38qBTL8mkYUCFagJkB0qZ
-----END CERTIFICATE-----
)";
constexpr const char* kIssuing = R"(-----BEGIN CERTIFICATE-----
MIIBpzCCAUygAwIBAgIUJOLK6+iK+xf9Cjf3DtBuqWB5Q6gwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEcm9vdDAeFw0yMDAxMDEwMDAwMDBaFw00OTEyMzEwMDAwMDBa
MBIxEDAOBgNVBAMMB2lzc3VpbmcwdjAQBgcqhkjOPQIBBgUrgQQAIgNiAASic1qI
fCG91LdSuB3DoqnQZwcwAFqP5heaa4GdQkkrR8vS4ccB9vY/UaWUX3X7qcbroDL+
a1vSswn2SgjGj+zI5ymY06MwSL3aiu5M/4bQYtgs/xfqC2pXp+PZw0AU1qWjZjBk
MBIGA1UdEwEB/wQIMAYBAf8CAQAwDgYDVR0PAQH/BAQDAgEGMB0GA1UdDgQWBBSX
uABdwCcH4GOCxWSzmm23cieslDAfBgNVHSMEGDAWgBR0U8aFJzGkYiM+fwISuOzc
zCzXRjAKBggqhkjOPQQDAgNJADBGAiEA0KkPGfkfUk6g+xYUP18oYi4GBEMMaPGm
I5Z7/U9mk74CIQCW9b2956mdcHCgPc5hTc/r2ATnOmVlrA0soN+slZKtmQ==
-----END CERTIFICATE-----
)";
constexpr const char* kEd25519 = R"(-----BEGIN CERTIFICATE-----
MIIBjTCCARKgAwIBAgIUPIkWgWqZd0GEneL7W08ddT5ZRgswCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHaXNzdWluZzAeFw0yMDAxMDEwMDAwMDBaFw00OTEyMzEwMDAw
MDBaMBIxEDAOBgNVBAMMB2VkMjU1MTkwKjAFBgMrZXADIQDU8Ge766GYr1H4yAeA
T18cphFJvsC1CiR9fylxDMEXEKN1MHMwDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8E
BAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwMwHQYDVR0OBBYEFFcgCrbP0Hwc3zuN
rqrjXjv2AV8MMB8GA1UdIwQYMBaAFJe4AF3AJwfgY4LFZLOabbdyJ6yUMAoGCCqG
SM49BAMCA2kAMGYCMQDU1/kOYz/xLpY7YpeOZ8ol/TL1aY8LK1rGsbsMIecZthRh
rhuXj+mTJTD6mKENuA4CMQCot0QZ7Kv7AXZQWm41bUk6ixYm7hK/SIJk03YCl7Rh
LWpBt30JRzN6FWSQzdZjSNo=
-----END CERTIFICATE-----
)";
constexpr const char* kP256 = R"(-----BEGIN CERTIFICATE-----
MIIBuDCCAT6gAwIBAgIUOfW9uS8TEkCbsToihb8SsL8qdw4wCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHaXNzdWluZzAeFw0yMDAxMDEwMDAwMDBaFw00OTEyMzEwMDAw
MDBaMA8xDTALBgNVBAMMBHAyNTYwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARC
4hBM9nJhfmrHzFsx/89DSNBI8Dd2bohbbbV4wrOcxj+487Bg+mMXguJZv6mUYEbQ
1xq2iOd9Z4nU6+zozWb5o3UwczAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIH
gDATBgNVHSUEDDAKBggrBgEFBQcDAzAdBgNVHQ4EFgQULkJbYJ/5W2yPFeMnWplY
vbVC5YswHwYDVR0jBBgwFoAUl7gAXcAnB+BjgsVks5ptt3InrJQwCgYIKoZIzj0E
AwIDaAAwZQIwbU3ypd3R0ASAnerj+Dhfz2F/nLbx4tGyzmSYyMNCCUVmzGeQwdMk
EhDn1QoDqI70AjEApJgKsZnnqWAGmn1P4nIN/XL7iHj/XL+buHuoEqLRGuHJl2/z
J2Pl9kfOzzRRGzXT
-----END CERTIFICATE-----
)";
constexpr const char* kP384 = R"(-----BEGIN CERTIFICATE-----
MIIBwDCCAUagAwIBAgIUFsb9heiqTCzWJGqCs4TdyChaHzMwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHaXNzdWluZzAeFw0yMDAxMDEwMDAwMDBaFw00OTEyMzEwMDAw
MDBaMA8xDTALBgNVBAMMBHAzODQwdjAQBgcqhkjOPQIBBgUrgQQAIgNiAASax6IF
oSeHrurtEYds6MKvzvPr4umAFlFbczbXcBUDJ18KrEp/PMYRboJS6WfPnhrqsrwl
1wGI0GLcPH1gER+LiT5iyo0i4/xIAnTW+llDzc4yPSBcUUilLPDn5ZMUzcmjYDBe
MAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeAMB0GA1UdDgQWBBRFKx2I/G8h
ILomFyQbS0JamQdOSTAfBgNVHSMEGDAWgBSXuABdwCcH4GOCxWSzmm23cieslDAK
BggqhkjOPQQDAgNoADBlAjEAlBT4qT0expvcTTdW48MMzyTMh6esplyFFoRPEM0c
FI+chk5yLhpVVv+gwqnETe37AjBONtbu9kLD04K8LN851tsQ6YCmO1MOi7Q9mF7m
sewt4hK58vHbtEZ/hajShsmwc+w=
-----END CERTIFICATE-----
)";
constexpr const char* kServer = R"(-----BEGIN CERTIFICATE-----
MIIBuzCCAUCgAwIBAgIUaTfy2YDAThYsIK4BagenlZ9rBeIwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHaXNzdWluZzAeFw0yMDAxMDEwMDAwMDBaFw00OTEyMzEwMDAw
MDBaMBExDzANBgNVBAMMBnNlcnZlcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BKR7mhvoGDCqIpUfLNaHeL9MkFA84sTTrWsCEXzcOAxJRNefy6X45KdZrVEnEJHM
UtL57A7RQCCn508sGekMAmijdTBzMAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQD
AgeAMBMGA1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBTrLBHqfuCqRX90iAK6
iA/ej3qpDzAfBgNVHSMEGDAWgBSXuABdwCcH4GOCxWSzmm23cieslDAKBggqhkjO
PQQDAgNpADBmAjEA1BGgjvOOHMKBC9FcCD5XRV8BnVlgOPIYbX7ANTYyF8cdaxVm
/8FL7dpteC2JiRaeAjEAzD02VzNzVA1DB2f1IJnrkBC8cw6mu50nD9Z/u92lcx0n
xqf+ShD0YuaawbD4GN6G
-----END CERTIFICATE-----
)";
constexpr const char* kBelow = R"(-----BEGIN CERTIFICATE-----
MIIBlzCCATygAwIBAgIUPR7Wx5IocTZfyl9poj0yVd1+AmQwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEcDI1NjAeFw0yMDAxMDEwMDAwMDBaFw00OTEyMzEwMDAwMDBa
MBAxDjAMBgNVBAMMBWJlbG93MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEgMq1
OiegA/Q/ie61l/shXIq2gQHlH+5dJcsx3QXesNqymkJqRsaVIhEX8GaUydq2hRT1
hu+Qju0b06l7ce5pS6N1MHMwDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8EBAMCB4Aw
EwYDVR0lBAwwCgYIKwYBBQUHAwMwHQYDVR0OBBYEFB6dNNmu8nH16LHu4p6evS+T
UOBzMB8GA1UdIwQYMBaAFC5CW2Cf+VtsjxXjJ1qZWL21QuWLMAoGCCqGSM49BAMC
A0kAMEYCIQCln1awMOphoGnR28FVhiMTn37/vNgnsDNU84fScGyX+gIhAJYwIzzf
BnQVVerQFmksTQRYmLGxQa3ldcl6x7Mzbd2B
-----END CERTIFICATE-----
)";
// A key for this test alone.
constexpr const char* kP256Key = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyXeu+Es9YZtDSxhk
kFs5hwA4tXnbK98REdVtGZmMdaGhRANCAARC4hBM9nJhfmrHzFsx/89DSNBI8Dd2
bohbbbV4wrOcxj+487Bg+mMXguJZv6mUYEbQ1xq2iOd9Z4nU6+zozWb5
-----END PRIVATE KEY-----
)";
constexpr const char* kByEd25519 =
    "EB02F289CB82EB6373336A1ACC30D8F790230BF43C85844727BB0F99C1C2DCEE7573252E4E5AC1DAFB81345F221F50B6"
    "C1DC6C34F5D3D35A2D6F5814079AB404";
constexpr const char* kByP256 =
    "30450221009C794312D12ED8A868360707BF90134F28AE86C4138EEBB0A5FD1C42202F242D02204A9E90B334F13DEAFF"
    "6F33471BC94650CB69B8C48509C0BB4DE9D8511CA6C507";
constexpr const char* kByP384 =
    "3065023100CE6E78DF6498CEECACAA9B57750FB09E67FBB369DB6133B7F9A1B744387075CDAC98B4A22E2E9DB7314B18"
    "8BA7FD09A802303F2F775DC0F0ED1BFA0F483E7DAA8038E1F9B7938208A50592BE823CA9F1782DB829BF4F9D387656F7"
    "DA3FA298EFC4B3";

constexpr std::string_view kMessage = "what is signed\n";
constexpr int64_t kIn2030 = 1893456000;

Certified by(const std::string& chain, const char* signature) { return {from_hex(signature), chain}; }
std::string chain_of(const char* signer) { return std::string(signer) + kIssuing; }

std::string refusal(const Certified& certified, const char* trust = kRoot, int64_t now = kIn2030,
                    std::string_view message = kMessage) {
  try {
    verify_certified(certified, view(message), trust, now);
  } catch (const Error& error) {
    return std::string(name_of(error.kind())) + ": " + error.message();
  }
  return "accepted";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(CertifiedSignatures, what_openssl_signed_is_verified) {
  const Signer signer = verify_certified(by(chain_of(kEd25519), kByEd25519), view(kMessage), kRoot, kIn2030);
  EXPECT_EQ(signer.name, "CN=ed25519");
  EXPECT_EQ(signer.fingerprint, "84D79621F2A902FFCF124A50A902E97618EAF97941AA2B93B3E9174BB6F223E9");
  EXPECT_EQ(signer.until, 2524521600) << "2049-12-31";
  EXPECT_EQ(refusal(by(chain_of(kP256), kByP256)), "accepted");
  EXPECT_EQ(refusal(by(chain_of(kP384), kByP384)), "accepted");
}

TEST(CertifiedSignatures, another_message_another_signature_and_another_signer_are_not) {
  EXPECT_TRUE(contains(refusal(by(chain_of(kP256), kByP256), kRoot, kIn2030, "what is signed"),
                       "script: the signature is not of this content by certificate 1 of 2 (CN=p256)"));
  EXPECT_NE(refusal(by(chain_of(kP256), kByEd25519)), "accepted");
  EXPECT_NE(refusal(by(chain_of(kEd25519), kByP256)), "accepted");
  EXPECT_NE(refusal(by(chain_of(kP256), "")), "accepted");
}

TEST(CertifiedSignatures, it_counts_as_long_as_the_certificates_do) {
  EXPECT_EQ(refusal(by(chain_of(kP256), kByP256), kStranger),
            "script: certificate 2 of 2 (CN=issuing) was issued by CN=root, which is neither trusted nor in the chain; "
            "name that CA's certificate with --trust, or sign again with the whole chain");
  EXPECT_TRUE(contains(refusal(by(chain_of(kP256), kByP256), kRoot, 2524521601), "ended at"));
  EXPECT_TRUE(contains(refusal(by(chain_of(kP256), kByP256), kRoot, 1500000000), "begins at"));
}

TEST(CertifiedSignatures, a_chain_is_whole_and_of_cas) {
  EXPECT_TRUE(contains(refusal(by(kP256, kByP256)), "certificate 1 of 1 (CN=p256) was issued by CN=issuing"));
  EXPECT_TRUE(contains(refusal(by(std::string(kBelow) + kP256 + kIssuing, kByP256)),
                       "(CN=p256) vouches for another one, and is no CA"));
  EXPECT_TRUE(contains(refusal(by(chain_of(kServer), kByP256)), "lacks codeSigning"));
  EXPECT_TRUE(contains(refusal(by(std::string(kIssuing) + kP256, kByP256)), "lacks digitalSignature"));
}

TEST(CertifiedSignatures, certificates_are_certificates_and_nothing_else) {
  EXPECT_TRUE(contains(refusal(by("", kByP256)), "holds no certificate"));
  EXPECT_TRUE(contains(refusal(by(chain_of(kP256) + "a word\n", kByP256)), "something else between"));
  EXPECT_TRUE(contains(refusal(by(chain_of(kP256).substr(0, 900), kByP256)), "damaged"));
  std::string many = kP256;
  for (int i = 0; i < 8; ++i) many += kIssuing;
  EXPECT_TRUE(contains(refusal(by(many, kByP256)), "more than 8"));
  EXPECT_TRUE(contains(refusal(by(chain_of(kP256), kByP256), "no PEM"), "usage: reading the trusted certificates"));
}

TEST(CertifiedSignatures, a_key_signs_under_its_own_certificate) {
  const Secret key = Secret::take(to_bytes(std::string_view(kP256Key)));
  const Certified made = sign_certified(key, std::string("the signer\n") + chain_of(kP256), view(kMessage));
  EXPECT_EQ(made.chain, chain_of(kP256));
  EXPECT_EQ(refusal(made), "accepted");
  EXPECT_THROW(sign_certified(key, chain_of(kP384), view(kMessage)), Error);
  EXPECT_THROW(sign_certified(Secret::take(to_bytes(std::string_view(kP256))), chain_of(kP256), view(kMessage)), Error);
}

}  // namespace
}  // namespace cw::crypto
