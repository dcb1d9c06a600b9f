// Certificates, revocation lists and OCSP. Requests and questions were made with the openssl command 3.0; what is made
// here, OpenSSL reads again, and tests/interop/ca holds it against that command and against python's cryptography.
#include <ctime>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/ocsp.h"

namespace cw::crypto {
namespace {

constexpr const char* kRequest = R"(-----BEGIN CERTIFICATE REQUEST-----
MIIBCzCBswIBADAdMQ0wCwYDVQQKDARBY21lMQwwCgYDVQQDDAN0c20wWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAARzRQvm9/TR++wT5Fs7l8Dw/Dnauj8/iTnLJxSY
5i3hGu+MlUXgAKC9Kc0dGHJmrMSFSfXY+nwpS0qv0GCg+hWkoDQwMgYJKoZIhvcN
AQkOMSUwIzAhBgNVHREEGjAYghB0c20uYWNtZS5leGFtcGxlhwTAAAIHMAoGCCqG
SM49BAMCA0cAMEQCIBacffd1t5r8tYpC7w0Fx9nPwd2CDJ59Or4meUaKcl4iAiAL
1B1r9AXUAdEr9NXsDMMwHsu9EQDuLOBj0Xhk9XeO9g==
-----END CERTIFICATE REQUEST-----
)";
constexpr const char* kOnAnotherCurve = R"(-----BEGIN CERTIFICATE REQUEST-----
MIHIMHECAQAwEjEQMA4GA1UEAwwHa29ibGl0ejBWMBAGByqGSM49AgEGBSuBBAAK
A0IABL2B1csODrTC2gXgyOWLv+g/iMqKfktKb2YmZCiNaEZt8qJV8QjDDJCTRMS9
Tn/7MqHVKFmKdcXf/iaqBDbv+TSgADAKBggqhkjOPQQDAgNHADBEAiB2a46cYvLW
r810pm3dBqpgmbkwcv+c2Ad6LZWMrvE+3wIgOj3hvI2bw1dKH4jhju/S589AISNC
WyspniwkPP4cp+4=
-----END CERTIFICATE REQUEST-----
)";
// On P-256, by its parameters.
constexpr const char* kCurveSpeltOut = R"(-----BEGIN CERTIFICATE REQUEST-----
MIIBvzCCAWYCAQAwEDEOMAwGA1UEAwwFc3BlbHQwggFLMIIBAwYHKoZIzj0CATCB
9wIBATAsBgcqhkjOPQEBAiEA/////wAAAAEAAAAAAAAAAAAAAAD/////////////
//8wWwQg/////wAAAAEAAAAAAAAAAAAAAAD///////////////wEIFrGNdiqOpPn
s+u9VXaYhrxlHQawzFOw9jvOPD4n0mBLAxUAxJ02CIbnBJNqZnjhE50mt4GffpAE
QQRrF9Hy4SxCR/i85uVjpEDydwN9gS3rM6D0oTlF2JjClk/jQuL+Gn+bjufrSnwP
nhYrzjNXazFezsu2QGg3v1H1AiEA/////wAAAAD//////////7zm+q2nF56E87nK
wvxjJVECAQEDQgAETrhUcUd5TFwjjKjdTnboeLZASezBw1xtFjIVWjuS238weRrW
ehoaq+2IH8iOIOE6qknyXh7c80Hfy1enllP+FaAAMAoGCCqGSM49BAMCA0cAMEQC
IEJvAJPzVV4CrWyGpkK24l+bC2SYBXWSxdVwkr0hH4DTAiBOGiAbqtZbJtZAl1NN
SEiuuHHTtiFSKH432Qbkj2ZXRw==
-----END CERTIFICATE REQUEST-----
)";
// For a.example and a@b.example.
constexpr const char* kWithMail = R"(-----BEGIN CERTIFICATE REQUEST-----
MIH9MIGlAgEAMA8xDTALBgNVBAMMBG1haWwwWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAARtEpChnT8rn9pQJc+cb/lIMPEuwKfX1AsLyTMIX8V6Xk2ZVNwMaPJFfPLa
YRoRDrSbvuuqC0eeW4an3Tzosp9xoDQwMgYJKoZIhvcNAQkOMSUwIzAhBgNVHREE
GjAYgglhLmV4YW1wbGWBC2FAYi5leGFtcGxlMAoGCCqGSM49BAMCA0cAMEQCIB+p
rqwI6u2RitKGmYQbztWmg4EVstbzbsXSmYVTrPJFAiAPMXjABI16iCWOvlqo38jG
MFrcsMJJFJ/lRx0BpoEReA==
-----END CERTIFICATE REQUEST-----
)";
constexpr const char* kShortRsa = R"(-----BEGIN CERTIFICATE REQUEST-----
MIIBTzCBuQIBADAQMQ4wDAYDVQQDDAVzaG9ydDCBnzANBgkqhkiG9w0BAQEFAAOB
jQAwgYkCgYEAuJI7g10c2GcBJCXIvk911qEeTrvaaXG6aLt4ypS3Fbo60rdnv0Y4
9IlbWdV+LOyz3Y1eUpPfZGTz5plTQJ3qQOoXlGYd2YvuAP/0eXOeN0ZOatvBg5sq
OZfNFZRRuhLxr+sbsKhYuPtTooLr/k21/lVuO9cqr1v2TqE9Wucl7GUCAwEAAaAA
MA0GCSqGSIb3DQEBCwUAA4GBALBVrIMZyGq/Wo+bcvO9Hhay01P/gzIRdtjgsc/8
sLkKBEdoDH/LUXU/SrbQG0Rxf52euta0LkKAZXfntvMERNClXGrKa17wkhasMkzG
S+4DexhCVs0zVnMJ0EnSoyIiWtPztEXjz50cgivFWMUiwgHvGlyxatHYgKwUfSCS
hRHe
-----END CERTIFICATE REQUEST-----
)";
constexpr const char* kTheirRoot = R"(-----BEGIN CERTIFICATE-----
MIIBcjCCARmgAwIBAgIUelv6HDyZaYQCuCu6tEL3yAJOH+0wCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEcm9vdDAeFw0yNjExMjYxODE0NTNaFw0zNjExMjMxODE0NTNa
MA8xDTALBgNVBAMMBHJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARzRQvm
9/TR++wT5Fs7l8Dw/Dnauj8/iTnLJxSY5i3hGu+MlUXgAKC9Kc0dGHJmrMSFSfXY
+nwpS0qv0GCg+hWko1MwUTAdBgNVHQ4EFgQUnNF9idz/MrVGhG7sUF1Q/mNmHd4w
HwYDVR0jBBgwFoAUnNF9idz/MrVGhG7sUF1Q/mNmHd4wDwYDVR0TAQH/BAUwAwEB
/zAKBggqhkjOPQQDAgNHADBEAiBPb2ArWF/+cmI10qDC2Cx2PBlVi9VdR6U88rOj
8/C76gIgDXZHvkp3aedPBvQMrjuZVPNUxktOEI40MyUQzFDI15Y=
-----END CERTIFICATE-----
)";
// One key, with its point in full and compressed.
const Bytes kPoint = from_hex(
    "3059301306072a8648ce3d020106082a8648ce3d030107034200046d1290a19d3f2b9fda5025cf9c6ff94830f12ec0a7"
    "d7d40b0bc933085fc57a5e4d9954dc0c68f2457cf2da611a110eb49bbeebaa0b479e5b86a7dd3ce8b29f71");
const Bytes kCompressed = from_hex(
    "3039301306072a8648ce3d020106082a8648ce3d030107032200036d1290a19d3f2b9fda5025cf9c6ff94830f12ec0a7"
    "d7d40b0bc933085fc57a5e");
// About serial number 40112233445566778899AABBCCDDEEFF of kTheirRoot: by SHA-1 with a nonce, and 4011 by SHA-256.
const Bytes kQuestion = from_hex(
    "30763074304d304b3049300906052b0e03021a05000414692a0ce064525d04549d7e805ccf98ebad39bd2f04149cd17d"
    "89dcff32b546846eec505d50fe63661dde021040112233445566778899aabbccddeeffa2233021301f06092b06010505"
    "073001020412041005e5580cebf8b9c4b54a27ffca20cbbe");
const Bytes kQuestionSha256 = from_hex(
    "305f305d305b30593057300d06096086480165030402010500042025f41f8740bf93fe2c93fba7460599f10b323459a0"
    "8d3d1c22b15ba333aed56c0420f405af33eeebee4efff9aefb112bdcbfd73d5c0a1550e23859614e0c437c30e8020240"
    "11");

constexpr int64_t kNow = 1'800'000'000;  // January 2027
constexpr int64_t kDay = 86'400;

std::string refusal(const auto& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.message();
  }
  return "nothing was refused";
}

Secret number_of(Curve curve) {
  Bytes bytes(coordinate_size(curve), 0x11);
  bytes.front() = 0;
  return Secret::take(std::move(bytes));
}

CertificatePlan root_plan(const SigningKey& key) {
  CertificatePlan plan;
  plan.profile = CertificateProfile::authority;
  plan.subject = "CN=root,O=Acme";
  plan.public_key = public_key_info(key);
  plan.serial = random_serial();
  plan.not_before = kNow - kDay;
  plan.not_after = kNow + 3650 * kDay;
  return plan;
}

Authority authority_on(Curve curve) {
  Authority out;
  out.key = make_signing_key(curve, number_of(curve));
  out.certificate = self_signed(*out.key, root_plan(*out.key));
  return out;
}

CertificatePlan plan_for(CertificateProfile profile) {
  CertificatePlan plan;
  plan.profile = profile;
  plan.subject = "CN=tsm,O=Acme";
  plan.names = {"DNS:tsm.acme.example", "IP:192.0.2.7", "IP:2001:db8::1", "URI:https://tsm.acme.example/a"};
  plan.public_key = read_certificate_request(view(kRequest)).public_key;
  plan.serial = random_serial();
  plan.not_before = kNow;
  plan.not_after = kNow + 365 * kDay;
  return plan;
}

TEST(Certificates, a_request_says_who_asks_with_which_names_and_is_signed_by_its_key) {
  const CertificateRequest request = read_certificate_request(view(kRequest));
  EXPECT_EQ(request.subject, "CN=tsm,O=Acme");
  EXPECT_EQ(request.names, (std::vector<std::string>{"DNS:tsm.acme.example", "IP:192.0.2.7"}));
  EXPECT_EQ(request.public_key.size(), 91u);
}

TEST(Certificates, a_request_that_is_none_is_changed_or_has_a_weak_key_is_refused) {
  const auto read = [](std::string_view text) { return refusal([&] { read_certificate_request(view(text)); }); };
  EXPECT_EQ(read(""), "this is no certificate request; openssl req -new makes one, in PEM or DER (PKCS#10)");
  EXPECT_EQ(read("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n").find("this is no"),
            0u);
  EXPECT_EQ(read(kTheirRoot).find("this is no"), 0u);
  EXPECT_EQ(read(std::string(65537, 'A')), "the request has 65537 bytes; up to 65536 are read");
  std::string changed = kRequest;
  changed[changed.find("dMQ0w")] = 'e';
  EXPECT_NE(read(changed), "nothing was refused");
  std::string forged = kRequest;  // one bit of the signature
  forged[forged.find("eO9g==") + 1] = 'P';
  EXPECT_EQ(read(forged).find("the request's signature is not by the key in it"), 0u);
  EXPECT_EQ(read(kOnAnotherCurve).find("the request has a key of type EC;"), 0u);
  EXPECT_EQ(read(kShortRsa).find("the request has a key of type RSA 1024;"), 0u);
}

TEST(Certificates, a_curve_that_is_spelt_out_is_refused_though_it_is_one_that_is_known) {
  EXPECT_EQ(refusal([] {
              read_certificate_request(view(kCurveSpeltOut));
            }).find("the request has a key of type EC whose curve is spelt out and not named;"),
            0u);
}

TEST(Certificates, a_key_has_one_hash_however_it_is_written) {
  EXPECT_EQ(key_hash(kPoint), key_hash(kCompressed));
  EXPECT_NE(key_hash(kPoint), key_hash(public_key_info(*authority_on(Curve::p256).key)));
}

TEST(Certificates, a_request_says_that_it_asks_for_names_that_are_not_issued) {
  EXPECT_FALSE(read_certificate_request(view(kRequest)).has_other_names);
  const CertificateRequest request = read_certificate_request(view(kWithMail));
  EXPECT_EQ(request.names, (std::vector<std::string>{"DNS:a.example"}));
  EXPECT_TRUE(request.has_other_names);
}

TEST(Certificates, an_authority_on_each_curve_issues_what_verifies_under_it_alone) {
  const Authority other = authority_on(Curve::p256);
  for (const Curve curve : {Curve::p256, Curve::p384, Curve::p521}) {
    const Authority authority = authority_on(curve);
    const CertificateFacts root = read_certificate(authority.certificate);
    EXPECT_TRUE(root.is_authority);
    EXPECT_EQ(root.subject, root.issuer);
    const CertificatePlan plan = plan_for(CertificateProfile::server);
    const Bytes certificate = issue_certificate(authority, plan);
    const CertificateFacts facts = read_certificate(certificate);
    EXPECT_EQ(facts.subject, "CN=tsm,O=Acme");
    EXPECT_EQ(facts.issuer, "CN=root,O=Acme");
    EXPECT_EQ(facts.serial, to_hex(plan.serial));
    EXPECT_EQ(facts.serial.size(), 32u);
    EXPECT_EQ(facts.names, plan.names);
    EXPECT_EQ(facts.not_before, plan.not_before);
    EXPECT_EQ(facts.not_after, plan.not_after);
    EXPECT_EQ(facts.public_key, plan.public_key);
    EXPECT_EQ(facts.key, "EC P-256");
    EXPECT_FALSE(facts.is_authority);
    EXPECT_TRUE(is_issued_by(certificate, authority.certificate));
    EXPECT_EQ(is_issued_by(certificate, other.certificate), curve == Curve::p256);
    EXPECT_EQ(certificate_der(view(certificate_pem(certificate))), certificate);
  }
}

TEST(Certificates, after_2049_years_have_four_digits) {
  const Authority authority = [] {
    Authority out;
    out.key = make_signing_key(Curve::p256, number_of(Curve::p256));
    CertificatePlan plan = root_plan(*out.key);
    plan.not_after = 2'600'000'000;  // 2052
    out.certificate = self_signed(*out.key, plan);
    return out;
  }();
  EXPECT_EQ(read_certificate(authority.certificate).not_after, 2'600'000'000);
}

TEST(Certificates, what_makes_no_sense_is_not_issued) {
  const Authority authority = authority_on(Curve::p256);
  const auto refused = [&](const auto& change, CertificateProfile profile = CertificateProfile::server) {
    CertificatePlan plan = plan_for(profile);
    change(plan);
    return refusal([&] { issue_certificate(authority, plan); });
  };
  EXPECT_EQ(refused([](CertificatePlan& plan) { plan.names = {}; }).find("a server's certificate needs the names"), 0u);
  EXPECT_EQ(refused([](CertificatePlan& plan) { plan.not_after = plan.not_before; }).find("a certificate that ends"),
            0u);
  EXPECT_EQ(refused([](CertificatePlan& plan) { plan.not_after = kNow + 9999 * kDay; }).find("a certificate up to"),
            0u);
  EXPECT_EQ(refused([](CertificatePlan& plan) { plan.not_before = kNow + 4000 * kDay; }).find("the authority CN=root"),
            0u);
  EXPECT_EQ(refused([](CertificatePlan&) {}, CertificateProfile::authority).find("an authority here issues no"), 0u);
  EXPECT_EQ(refused([](CertificatePlan& plan) { plan.public_key = {0x30, 0x00}; }), "these bytes are no public key");
  EXPECT_EQ(
      refused([](CertificatePlan& plan) { plan.crl_url = "https://ca.example/"; }).find("'https://ca.example/' is"),
      0u);
  for (const char* url : {"ftp://ca.example/", "http://", "http:///a", "http://ca.example/\xC3\xA4", "http://a b/"}) {
    EXPECT_NE(refusal([&] { check_state_url(url); }).find("is no place for"), std::string::npos) << url;
  }
  check_state_url("http://ca.example:8080/root.crl");
  EXPECT_EQ(refused([](CertificatePlan&) {}, CertificateProfile::domain)
                .find("the certificate of a key in a security domain has no alternative names"),
            0u);
  for (const char* name : {"tsm.acme.example", "DNS:", "DNS:a b", "DNS:a..b", "IP:1.2.3", "URI:nothing", "RID:1.2"}) {
    EXPECT_NE(refused([&](CertificatePlan& plan) { plan.names = {name}; }).find("is no "), std::string::npos) << name;
  }
  for (const char* subject :
       {"", "acme", "CN=", "CN=a,", "CN=a+O=b", "XX=a", "CN=a\\", "C=GERMANY", "CN=\"a\"", "CN=a;O=b"}) {
    EXPECT_NE(refused([&](CertificatePlan& plan) { plan.subject = subject; }).find("is no subject"), std::string::npos)
        << subject;
  }
}

TEST(Certificates, a_subject_is_written_one_way_whatever_way_it_came) {
  EXPECT_EQ(subject_text("CN=tsm, O=Acme"), "CN=tsm,O=Acme");
  EXPECT_EQ(subject_text("CN=a\\,b\\+c,O=\\C3\\84"), "CN=a\\,b\\+c,O=\\C3\\84");
  EXPECT_EQ(subject_text("CN=tsm,C=DE"), "CN=tsm,C=DE");
}

TEST(Certificates, keys_that_sign_no_certificates_say_so) {
  const auto aes = make_signing_key(KeyType::aes, Secret::take(Bytes(16, 1)));
  EXPECT_EQ(refusal([&] { public_key_info(*aes); }).find("a key for AES CMAC has no public half"), 0u);
  const auto private_half = make_signing_key(Curve::p256, number_of(Curve::p256));
  const auto public_half = make_signing_key(Curve::p256, private_half->public_parts().front().value);
  EXPECT_EQ(refusal([&] { self_signed(*public_half, root_plan(*public_half)); }).find("custody has the public half"),
            0u);
  Authority mixed = authority_on(Curve::p256);
  mixed.key = make_signing_key(Curve::p384, number_of(Curve::p384));
  EXPECT_NE(refusal([&] { check_authority(mixed, kNow); }).find("has another key than the one that was named"),
            std::string::npos);
}

TEST(Certificates, a_signer_that_signs_wrongly_is_noticed_before_anything_is_issued) {
  class Wrong final : public SigningKey {
   public:
    SigningAlgorithm algorithm() const override { return SigningAlgorithm::ecdsa; }
    size_t signature_size() const override { return 64; }
    bool can_sign() const override { return true; }
    Bytes sign(ByteView) const override { return Bytes(64, 0x42); }
    bool verify(ByteView, ByteView) const override { return false; }
    std::vector<PublicPart> public_parts() const override { return half->public_parts(); }
    std::shared_ptr<const SigningKey> half = make_signing_key(Curve::p256, number_of(Curve::p256));
  };
  const Authority wrong{std::make_shared<const Wrong>(), authority_on(Curve::p256).certificate};
  EXPECT_EQ(refusal([&] {
              issue_certificate(wrong, plan_for(CertificateProfile::client));
            }).find("the certificate that was made does not verify"),
            0u);
  EXPECT_EQ(refusal([&] {
              sign_revocation_list(wrong, {1, kNow, kNow + kDay, {}});
            }).find("the revocation list that was made does not verify"),
            0u);
}

TEST(RevocationLists, one_says_its_number_its_times_and_what_was_revoked) {
  const Authority authority = authority_on(Curve::p384);
  const Bytes list = sign_revocation_list(authority, {258,
                                                      kNow,
                                                      kNow + 7 * kDay,
                                                      {{random_serial(), kNow - 5, RevocationReason::key_compromise},
                                                       {random_serial(), kNow - 4, RevocationReason::unspecified}}});
  const RevocationListFacts facts = read_revocation_list(list);
  EXPECT_EQ(facts.issuer, "CN=root,O=Acme");
  EXPECT_EQ(facts.number, "0102");
  EXPECT_EQ(facts.this_update, kNow);
  EXPECT_EQ(facts.next_update, kNow + 7 * kDay);
  EXPECT_EQ(facts.revoked, 2u);
  EXPECT_EQ(revocation_list_pem(list).find("-----BEGIN X509 CRL-----"), 0u);
  EXPECT_EQ(read_revocation_list(sign_revocation_list(authority, {1, kNow, kNow + kDay, {}})).revoked, 0u);
  EXPECT_EQ(refusal([&] {
              sign_revocation_list(authority, {1, kNow, kNow, {}});
            }),
            "a revocation list whose next one comes before itself");
  EXPECT_EQ(refusal([] { read_revocation_list(Bytes{0x30, 0x00}); }), "these bytes are no revocation list");
}

TEST(RevocationLists, reasons_are_called_as_the_rfc_calls_them) {
  EXPECT_EQ(revocation_reason("keyCompromise"), RevocationReason::key_compromise);
  EXPECT_EQ(
      refusal([] { revocation_reason("keycompromise"); }).find("there is no reason 'keycompromise'; did you mean"), 0u);
}

TEST(Ocsp, a_question_names_a_certificate_by_its_issuer_and_number) {
  const OcspRequest request = read_ocsp_request(kQuestion);
  ASSERT_EQ(request.questions.size(), 1u);
  EXPECT_EQ(to_hex(request.questions[0].serial), "40112233445566778899AABBCCDDEEFF");
  ASSERT_TRUE(request.nonce);
  EXPECT_EQ(request.nonce->size(), 18u);
  EXPECT_TRUE(is_about(request.questions[0], certificate_der(view(kTheirRoot))));
  EXPECT_FALSE(is_about(request.questions[0], authority_on(Curve::p256).certificate));
  const OcspRequest modern = read_ocsp_request(kQuestionSha256);
  EXPECT_FALSE(modern.nonce);
  EXPECT_EQ(to_hex(modern.questions.at(0).serial), "4011");
  EXPECT_TRUE(is_about(modern.questions[0], certificate_der(view(kTheirRoot))));
}

TEST(Ocsp, a_negative_number_is_none_of_ours_and_not_its_absolute_value) {
  Bytes negative = kQuestionSha256;  // its number, 4011, is the last
  negative[negative.size() - 2] = 0xBF;
  negative[negative.size() - 1] = 0xEF;
  EXPECT_EQ(to_hex(read_ocsp_request(negative).questions.at(0).serial), "");
}

TEST(Ocsp, cut_doubled_and_changed_questions_are_read_or_refused) {
  for (size_t size = 0; size < kQuestion.size(); ++size) {
    EXPECT_EQ(refusal([&] { read_ocsp_request(ByteView(kQuestion).first(size)); }), "these bytes are no OCSP request");
  }
  Bytes doubled = kQuestion;
  append(doubled, kQuestion);
  EXPECT_EQ(refusal([&] { read_ocsp_request(doubled); }), "these bytes are no OCSP request");
  for (size_t at = 0; at < kQuestion.size(); ++at) {
    Bytes changed = kQuestion;
    changed[at] ^= 0x5A;
    refusal([&] { is_about(read_ocsp_request(changed).questions.at(0), certificate_der(view(kTheirRoot))); });
  }
}

TEST(Ocsp, a_question_in_a_path_is_base64_whatever_of_it_is_escaped) {
  EXPECT_EQ(to_hex(ocsp_request_in("MAMKAQE%3D")), "30030A0101");
  EXPECT_EQ(to_hex(ocsp_request_in("MAMKAQE=")), "30030A0101");
  EXPECT_EQ(to_hex(ocsp_request_in("MAMKAQE")), "30030A0101");
  EXPECT_EQ(to_hex(ocsp_request_in("%2F/8=")), "FFFF");
  for (const char* path : {"", "%", "%2", "%zz", "A", "A B=", "!!!!", "====", "root.crl"}) {
    EXPECT_EQ(refusal([&] { ocsp_request_in(path); }), "the path of the request is no OCSP request in base64") << path;
  }
}

TEST(Ocsp, an_answer_is_signed_by_the_authority_or_whoever_it_lets) {
  const Authority authority = authority_on(Curve::p256);
  const auto key = make_signing_key(Curve::p384, number_of(Curve::p384));
  CertificatePlan plan = plan_for(CertificateProfile::ocsp);
  plan.names = {};
  plan.public_key = public_key_info(*key);
  const Authority responder{key, issue_certificate(authority, plan)};
  const OcspRequest request = read_ocsp_request(kQuestion);
  OcspResponsePlan answer{kNow, kNow + 3600, {{request.questions[0].id}}, request.nonce};
  answer.answers[0].state = OcspAnswer::State::revoked;
  answer.answers[0].revoked_at = kNow - 60;
  EXPECT_GT(sign_ocsp_response(authority, answer).size(), 200u);
  EXPECT_GT(sign_ocsp_response(responder, answer).size(), 200u);
  EXPECT_EQ(refusal([&] {
              sign_ocsp_response({key, authority.certificate}, answer);
            }),
            "the responder's certificate is of another key than the one that was named");
  EXPECT_EQ(to_hex(ocsp_failure(OcspFailure::malformed_request)), "30030A0101");
}

}  // namespace
}  // namespace cw::crypto
