#include "store/certificates.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/suggest.h"
#include "providers_private.h"
#include "store/ledgers.h"
#include "store/owners.h"
#include "surely_private.h"

namespace cw::store {

namespace {

constexpr const char* kColumns =
    "serial, authority, profile, subject, owner, chip, domain, key_id, key_version, not_before, not_after, issued, "
    "issued_by, revoked, reason, replaced_by, key_hash, der";
constexpr const char* kAuthorityColumns = "name, serial, key, crl_url, ocsp_url, list_number, list";

Certificate certificate_from(const Row& row) {
  Certificate out;
  out.serial = text(row.at(0));
  out.authority = text(row.at(1));
  out.profile = text(row.at(2));
  out.subject = text(row.at(3));
  out.owner = text(row.at(4));
  out.chip = text(row.at(5));
  out.domain = text(row.at(6));
  out.key_id = number(row.at(7));
  out.key_version = number(row.at(8));
  out.not_before = number(row.at(9));
  out.not_after = number(row.at(10));
  out.issued = number(row.at(11));
  out.issued_by = text(row.at(12));
  out.revoked = number(row.at(13));
  out.reason = text(row.at(14));
  out.replaced_by = text(row.at(15));
  out.key_hash = text(row.at(16));
  out.der = bytes(row.at(17));
  return out;
}

CertificateAuthority authority_from(const Row& row) {
  CertificateAuthority out{text(row.at(0)), text(row.at(1)), text(row.at(2)), text(row.at(3)), text(row.at(4))};
  out.list_number = number(row.at(5));
  if (std::holds_alternative<Bytes>(row.at(6))) out.list = bytes(row.at(6));
  return out;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return text;
}

/// As they are kept: other programs write serial numbers in lower case, or with ':' between the bytes.
std::string kept(const std::string& serial) {
  std::string out;
  for (const char c : serial) {
    if (c != ':') out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return out;
}

/// RFC 5280 7.1, as OpenSSL compares issuers: in any case, and blanks count once.
bool is_same_name(const std::string& one, const std::string& other) {
  const auto folded = [](const std::string& name) {
    std::string out;
    for (const char c : lower(name)) {
      if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
    }
    return out;
  };
  return folded(one) == folded(other);
}

/// What the database was not asked for.
bool answers(const Certificate& one, const CertificateQuery& query) {
  const std::string state = one.state(query.now);
  if (!query.state.empty() && state != query.state) return false;
  if (query.ends_by && ((state != "valid" && state != "replaced") || one.not_after > *query.ends_by)) return false;
  return query.subject.empty() || lower(one.subject).find(lower(query.subject)) != std::string::npos;
}

class CertificatesOnDatabase : public Certificates {
 public:
  CertificatesOnDatabase(Database& database, Audit& audit) : db_(database), audit_(audit) {}

  void add_authority(const CertificateAuthority& authority, const Certificate& certificate,
                     const std::string& by) override {
    change([&] {
      const Result found = db_.run({"SELECT serial FROM authorities WHERE name = $1", {authority.name}});
      if (!found.rows.empty()) {
        if (text(found.rows[0].at(0)) == authority.serial) return;  // by this very call, before the server went away
        throw Error(ErrorKind::usage, "there is an authority '" + authority.name +
                                          "' already; give the new one another name with --authority");
      }
      refuse_second_authority(certificate);
      refuse_name_of_another(certificate);
      refuse_compromised(certificate);
      db_.run(
          {"INSERT INTO authorities (name, serial, key, crl_url, ocsp_url, list_number, list_made, list_until, "
           "revocations, list_revocations) VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, 0)",
           {authority.name, authority.serial, authority.key, authority.crl_url, authority.ocsp_url}});
      insert(certificate);
      audit_.add({by,
                  "authority made",
                  authority.serial,
                  {{"name", authority.name}, {"subject", certificate.subject}, {"key", authority.key}}});
    });
  }

  CertificateAuthority authority(const std::string& name) override {
    const Result found =
        db_.run({std::string("SELECT ") + kAuthorityColumns + " FROM authorities WHERE name = $1", {name}});
    if (!found.rows.empty()) return authority_from(found.rows[0]);
    std::vector<std::string> names;
    for (const CertificateAuthority& each : authorities()) names.push_back(each.name);
    throw Error(ErrorKind::usage, "there is no authority '" + name + "' in the store" + did_you_mean(name, names) +
                                      "; cardwright ca init makes one");
  }

  std::vector<CertificateAuthority> authorities() override {
    std::vector<CertificateAuthority> out;
    const Result found = db_.run({std::string("SELECT ") + kAuthorityColumns + " FROM authorities ORDER BY name", {}});
    for (const Row& row : found.rows) out.push_back(authority_from(row));
    return out;
  }

  void add(const Certificate& certificate, const std::string& by, const std::string& replaces) override {
    change([&] {
      if (look_up(certificate.authority, certificate.serial)) return;  // by this very call
      want_issuing(certificate.authority);
      want_managed(db_, certificate.owner);
      refuse_name_of_authority(certificate);
      refuse_name_of_another(certificate);
      refuse_compromised(certificate);
      insert(certificate);
      AuditEntry entry{
          by,
          "certificate issued",
          certificate.serial,
          {{"authority", certificate.authority}, {"profile", certificate.profile}, {"subject", certificate.subject}}};
      if (!certificate.domain.empty()) entry.details.emplace_back("domain", certificate.domain);
      if (!certificate.owner.empty()) entry.details.emplace_back("owner", certificate.owner);
      if (!replaces.empty()) {
        replace(replaces, certificate);
        entry.action = "certificate renewed";
        entry.details.emplace_back("replaces", replaces);
      }
      audit_.add(entry);
    });
  }

  void revoke(const std::string& named, const std::string& reason, int64_t when, const std::string& by) override {
    bool tried = false;
    const std::string serial = kept(named);
    change([&] {
      const Certificate found = find(serial, {});
      if (found.revoked != 0) {
        if (tried) return;
        throw Error(ErrorKind::usage, "certificate " + serial + " is revoked already (" + found.reason + ")");
      }
      tried = true;
      db_.run({"UPDATE certificates SET revoked = $1, reason = $2 WHERE serial = $3", {when, reason, serial}});
      db_.run({"UPDATE authorities SET revocations = revocations + 1 WHERE name = $1", {found.authority}});
      AuditEntry entry{by, "certificate revoked", serial, {{"reason", reason}, {"subject", found.subject}}};
      if (!found.owner.empty()) entry.details.emplace_back("owner", found.owner);
      audit_.add(entry);
    });
  }

  Certificate find(const std::string& serial, const std::optional<std::string>& owner) override {
    const Result found =
        db_.run({std::string("SELECT ") + kColumns + " FROM certificates WHERE serial = $1", {kept(serial)}});
    if (!found.rows.empty()) {
      Certificate out = certificate_from(found.rows[0]);
      if (!owner || out.owner == *owner) return out;
    }
    throw Error(ErrorKind::usage, "there is no certificate '" + serial.substr(0, 64) + "'" +
                                      (owner && !owner->empty() ? " of " + *owner : std::string()) +
                                      "; cardwright ca list shows those there are, with their serial numbers");
  }

  std::optional<Certificate> look_up(const std::string& authority, const std::string& serial) override {
    const Result found =
        db_.run({std::string("SELECT ") + kColumns + " FROM certificates WHERE serial = $1 AND authority = $2",
                 {kept(serial), authority}});
    if (found.rows.empty()) return {};
    return certificate_from(found.rows[0]);
  }

  std::vector<Certificate> list(const CertificateQuery& query) override {
    std::string sql = std::string("SELECT ") + kColumns + " FROM certificates WHERE 1 = 1";
    std::vector<Value> values;
    const auto where = [&](const char* column, const std::string& value) {
      values.emplace_back(value);
      sql += std::string(" AND ") + column + " = $" + std::to_string(values.size());
    };
    if (query.owner) where("owner", *query.owner);
    if (!query.authority.empty()) where("authority", query.authority);
    if (!query.serial.empty()) where("serial", kept(query.serial));
    if (!query.profile.empty()) where("profile", query.profile);
    if (!query.chip.empty()) where("chip", chip_of(query.chip));
    if (!query.domain.empty()) where("domain", query.domain);
    if (!query.key_hash.empty()) where("key_hash", query.key_hash);
    std::vector<Certificate> out;
    for (const Row& row : db_.run({sql + " ORDER BY issued, serial", values}).rows) {
      Certificate one = certificate_from(row);
      if (answers(one, query)) out.push_back(std::move(one));
    }
    return out;
  }

  NextList begin_list(const std::string& name) override {
    NextList out;
    change([&] {
      authority(name);
      const Row by =
          db_.run({"SELECT list_number, revocations, list_made FROM authorities WHERE name = $1", {name}}).rows.at(0);
      out = {number(by.at(0)) + 1, number(by.at(1)), {}};
      db_.run({"UPDATE authorities SET list_number = $1 WHERE name = $2", {out.number, name}});
      const Result found = db_.run({std::string("SELECT ") + kColumns +
                                        " FROM certificates WHERE authority = $1 AND revoked <> 0 AND not_after >= $2 "
                                        "ORDER BY revoked, serial",
                                    {name, number(by.at(2))}});
      for (const Row& row : found.rows) out.revoked.push_back(certificate_from(row));
    });
    return out;
  }

  void put_list(const std::string& name, const SignedList& list, const std::string& by) override {
    bool tried = false;
    change([&] {
      const Result before = db_.run({"SELECT list_number, list_made FROM authorities WHERE name = $1", {name}});
      if (before.rows.empty()) authority(name);
      // One that was begun later may be there already, or this one, from before the server went away.
      if (number(before.rows[0].at(0)) != list.number || (tried && number(before.rows[0].at(1)) == list.made)) return;
      tried = true;
      db_.run(
          {"UPDATE authorities SET list = $1, list_made = $2, list_until = $3, list_revocations = $4 WHERE name = $5",
           {list.der, list.made, list.until, list.revocations, name}});
      audit_.add({by, "revocation list signed", name, {{"number", std::to_string(list.number)}}});
    });
  }

  ListStanding list_standing(const std::string& name) override {
    const Result found =
        db_.run({"SELECT list_until, list_made, revocations, list_revocations FROM authorities WHERE "
                 "name = $1",
                 {name}});
    if (found.rows.empty()) authority(name);
    const Row& row = found.rows.at(0);
    return {number(row.at(0)) != 0, number(row.at(2)) == number(row.at(3)), number(row.at(1)), number(row.at(0))};
  }

 private:
  void insert(const Certificate& one) {
    db_.run({std::string("INSERT INTO certificates (") + kColumns +
                 ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
             {one.serial, one.authority, one.profile, one.subject, one.owner, chip_of(one.chip), one.domain, one.key_id,
              one.key_version, one.not_before, one.not_after, one.issued, one.issued_by, one.revoked, one.reason,
              one.replaced_by, one.key_hash, one.der}});
  }

  /// Both would sign lists for the same issuer, each with numbers and entries of its own, and clients take the one of
  /// the higher number for all.
  void refuse_second_authority(const Certificate& one) {
    const Result others =
        db_.run({"SELECT a.name, c.subject, c.key_hash FROM authorities AS a JOIN certificates AS c "
                 "ON c.serial = a.serial ORDER BY a.name",
                 {}});
    for (const Row& row : others.rows) {
      const bool name = is_same_name(text(row.at(1)), one.subject);
      if (!name && text(row.at(2)) != one.key_hash) continue;
      throw Error(ErrorKind::usage, "the authority '" + text(row.at(0)) + "' has this " + (name ? "subject" : "key") +
                                        ", and the revocation lists of two would be taken for each other's; choose "
                                        "another subject and another key");
    }
  }

  void refuse_name_of_authority(const Certificate& one) {
    const Result all = db_.run({"SELECT subject FROM certificates WHERE profile = 'ca'", {}});
    for (const Row& row : all.rows) {
      if (!is_same_name(text(row.at(0)), one.subject)) continue;
      throw Error(ErrorKind::usage, one.subject + " is the name of an authority; choose another subject");
    }
  }

  /// Doors know parties by the subject, whoever issued it: one that is another owner's would be taken for them.
  void refuse_name_of_another(const Certificate& one) {
    const Result others = db_.run(
        {"SELECT owner FROM certificates WHERE subject = $1 AND owner <> $2 AND revoked = 0 AND not_after >= $3",
         {one.subject, one.owner, one.issued}});
    if (others.rows.empty()) return;
    const std::string& owner = text(others.rows[0].at(0));
    throw Error(ErrorKind::usage, "there is a certificate for " + one.subject + " that belongs to " +
                                      (owner.empty() ? "the operator" : owner) +
                                      ", and doors know parties by that name alone; choose another subject");
  }

  void refuse_compromised(const Certificate& one) {
    const Result found =
        db_.run({"SELECT serial, reason FROM certificates WHERE key_hash = $1 AND revoked <> 0 AND reason IN "
                 "('keyCompromise', 'cACompromise')",
                 {one.key_hash}});
    if (found.rows.empty()) return;
    throw Error(ErrorKind::usage, "this key was revoked with certificate " + text(found.rows[0].at(0)) + " (" +
                                      text(found.rows[0].at(1)) +
                                      "), so others may hold it too; make a new key pair, and a request for that");
  }

  /// What it issued is looked after, but nothing more is issued.
  void want_issuing(const std::string& name) {
    const Certificate own = find(authority(name).serial, {});
    if (own.revoked == 0) return;
    throw Error(ErrorKind::usage, "the authority '" + name + "' is revoked (" + own.reason +
                                      "), and issues nothing more; make another one with ca init");
  }

  void replace(const std::string& named, const Certificate& by) {
    const Certificate before = find(named, by.owner);
    const std::string& serial = before.serial;
    if (before.revoked != 0) {
      throw Error(ErrorKind::usage, "certificate " + serial + " is revoked (" + before.reason +
                                        "), and what is revoked is not renewed; "
                                        "issue a new one, for another key if this one is not to be trusted");
    }
    if (!before.replaced_by.empty()) {
      throw Error(ErrorKind::usage, "certificate " + serial + " was renewed already, by " + before.replaced_by);
    }
    db_.run({"UPDATE certificates SET replaced_by = $1 WHERE serial = $2", {by.serial, serial}});
  }

  void change(const std::function<void()>& work) {
    surely([&] {
      db_.transact([&] {
        db_.lock("certificates");
        work();
      });
    });
  }

  Database& db_;
  Audit& audit_;
};

}  // namespace

std::string Certificate::state(int64_t now) const {
  if (revoked != 0) return "revoked";
  if (now > not_after) return "expired";
  if (now < not_before) return "not yet valid";
  return replaced_by.empty() ? "valid" : "replaced";
}

std::unique_ptr<Certificates> make_certificates(Database& database, Audit& audit) {
  return std::make_unique<CertificatesOnDatabase>(database, audit);
}

}  // namespace cw::store
