// The small parts: where things are, which card, which keys, which exit status.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "app/cards.h"
#include "app/exit_status.h"
#include "app/key_source.h"
#include "app/paths.h"
#include "base/files.h"

namespace cw::app {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/cw-app-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

TEST(Paths, an_installed_program_finds_what_is_installed_beside_it) {
  const Folder folder;
  fs::create_directories(folder / "share/cardwright/stdlib");
  fs::create_directories(folder / "bin");
  EXPECT_EQ(share_folder(folder / "bin/cardwright", nullptr), folder / "share/cardwright");
}

TEST(Paths, a_program_in_a_build_folder_finds_the_sources) {
  const Folder folder;
  fs::create_directories(folder / "stdlib");
  fs::create_directories(folder / "build/release");
  EXPECT_EQ(share_folder(folder / "build/release/cardwright", nullptr), (folder / "").parent_path());
}

TEST(Paths, the_variable_wins_and_must_be_right) {
  const Folder folder;
  fs::create_directories(folder / "mine/stdlib");
  EXPECT_EQ(share_folder("/usr/bin/cardwright", (folder / "mine").c_str()), folder / "mine");
  EXPECT_NE(message_of([&] { share_folder("/usr/bin/cardwright", "/nowhere"); }).find("CARDWRIGHT_SHARE is /nowhere"),
            std::string::npos);
  EXPECT_NE(message_of([&] { share_folder(folder / "bin/cardwright", ""); }).find("set CARDWRIGHT_SHARE"),
            std::string::npos);
}

TEST(Paths, a_flow_is_a_name_unless_it_is_a_file) {
  EXPECT_FALSE(is_flow_file("demo/install"));
  EXPECT_TRUE(is_flow_file("install.lua"));
  EXPECT_TRUE(is_flow_file(CW_SOURCE_DIR "/tests/unit/app/parts_test.cc"));
}

TEST(Cards, a_name_is_a_simulated_product_or_a_reader) {
  EXPECT_EQ(CardName::parse("sim").kind, CardName::Kind::simulated);
  EXPECT_EQ(CardName::parse("sim:jcop4").flavor, "jcop4");
  EXPECT_EQ(CardName::parse("pcsc:ACS ACR39U: 00").kind, CardName::Kind::pcsc);
  EXPECT_EQ(CardName::parse("pcsc:ACS ACR39U: 00").reader, "ACS ACR39U: 00");
  EXPECT_EQ(CardName::parse("pcsc").reader, "");
  EXPECT_EQ(CardName::parse("recorded:a.rec").recording, "a.rec");
  EXPECT_NE(message_of([] { CardName::parse("recorded:"); }).find("recorded:FILE"), std::string::npos);
  EXPECT_NE(message_of([] { CardName::parse("usb:1"); }).find("sim:FLAVOR, pcsc:READER"), std::string::npos);
  EXPECT_NE(message_of([] { CardName::parse("sim:genric"); }).find("generic"), std::string::npos);
}

TEST(Cards, sim_alone_is_the_generic_product_or_the_one_that_flavor_names) {
  CardOptions options;
  EXPECT_EQ(OpenCard(CardName::parse("sim"), options).host_flavor().name, "generic");
  options.flavor = "uicc";
  OpenCard card(CardName::parse("sim"), options);
  ASSERT_NE(card.simulated(), nullptr);
  EXPECT_EQ(card.simulated()->flavor().name, "uicc");
}

TEST(Cards, options_that_do_not_go_with_the_card_are_refused) {
  CardOptions options;
  options.flavor = "uicc";
  EXPECT_NE(message_of([&] { OpenCard(CardName::parse("sim:jcop4"), options); }).find("leave one of them out"),
            std::string::npos);
  options = {};
  options.shared = true;
  EXPECT_NE(message_of([&] { OpenCard(CardName::parse("sim"), options); }).find("--card-shared"), std::string::npos);
  options = {};
  options.state = "/tmp/card.json";
  EXPECT_NE(message_of([&] { OpenCard(CardName::parse("pcsc:0"), options); }).find("--card-state"), std::string::npos);
}

TEST(Cards, a_flow_sees_what_it_must_know_of_every_flavor) {
  for (const std::string& name : se::flavor_names()) {
    const engine::Flavor flavor = OpenCard::host_side(se::flavor(name));
    for (const char* field : {"name", "isd_aid", "ssd_aid", "ssd_package", "ssd_module", "privilege_bytes", "scp",
                              "delete_key_by", "install_for_personalization"}) {
      EXPECT_EQ(flavor.count(field), 1u) << name << " " << field;
    }
  }
}

TEST(Cards, a_memory_is_one_program_s_at_a_time) {
  const Folder folder;
  const fs::path state = folder / "card.json";
  {
    OpenCard first(CardName::parse("sim"), {state});
    first.save();
    const auto second = [&] { OpenCard(CardName::parse("sim"), {state}); };
    EXPECT_NE(message_of(second).find("another program has the card in " + state.string()), std::string::npos);
    first.save();
    EXPECT_NE(message_of(second).find("another program has"), std::string::npos);
  }
  EXPECT_NO_THROW(OpenCard(CardName::parse("sim"), {state}).save());
}

TEST(Cards, a_memory_that_two_programs_begin_is_that_of_the_first) {
  const Folder folder;
  const fs::path state = folder / "card.json";
  OpenCard first(CardName::parse("sim"), {state});
  OpenCard second(CardName::parse("sim"), {state});
  first.save();
  EXPECT_NE(message_of([&] { second.save(); }).find("another program has"), std::string::npos);
}

TEST(Cards, memory_is_kept_in_a_file_for_its_owner_alone) {
  const Folder folder;
  const fs::path state = folder / "card.json";
  OpenCard(CardName::parse("sim"), {state, 1}).save();
  struct stat info {};
  ASSERT_EQ(::stat(state.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  OpenCard(CardName::parse("sim"), {state}).reader().reset();
}

TEST(Cards, memory_of_another_flavor_or_none_at_all_is_refused) {
  const Folder folder;
  const fs::path state = folder / "card.json";
  OpenCard(CardName::parse("sim"), {state}).save();
  for (const std::string& name : se::flavor_names()) {
    if (name == "generic") continue;
    EXPECT_NE(message_of([&] { OpenCard({name}, {state}); }).find("is of flavor generic"), std::string::npos);
  }
  std::ofstream(state) << "{}";
  EXPECT_NE(message_of([&] { OpenCard(CardName::parse("sim"), {state}); }), "no error");
}

TEST(Keys, test_keys_fit_every_flavor) {
  for (const std::string& name : se::flavor_names()) {
    const auto keys = test_keys(se::flavor(name));
    EXPECT_EQ(static_cast<uint8_t>(keys.find("isd").enc->type()), se::flavor(name).keys.front().type) << name;
    EXPECT_EQ(keys.find("demo.sd").version, 0x30);
  }
}

TEST(Keys, those_of_the_generic_card_are_the_ones_in_the_demo_key_file) {
  const Folder folder;
  write_file_atomically(folder / "keys", read_file(fs::path(CW_SOURCE_DIR) / "tests/keys/demo.keys"), true);
  const auto file = crypto::FileKeyStore::load(folder / "keys");
  const auto built_in = test_keys(se::flavor("generic"));
  EXPECT_EQ(built_in.names(), file.names());
  for (const char* name : {"isd", "demo.sd", "demo.sd2"}) {
    EXPECT_EQ(built_in.find(name).enc->kcv(), file.find(name).enc->kcv()) << name;
    EXPECT_EQ(built_in.find(name).mac->kcv(), file.find(name).mac->kcv()) << name;
    EXPECT_EQ(built_in.find(name).dek->kcv(), file.find(name).dek->kcv()) << name;
  }
  const Bytes message{1, 2, 3};
  for (const char* name : {"demo.token", "demo.receipt", "demo.dap"}) {
    const Bytes signature = built_in.find_signing_key(name)->sign(message);
    EXPECT_TRUE(file.find_signing_key(name)->verify(message, signature)) << name;
  }
}

TEST(Keys, a_file_is_taken_before_the_variable_and_the_variable_before_the_test_keys) {
  const Folder folder;
  const std::string set =
      "type = aes\nversion = 01\nenc = 000102030405060708090A0B0C0D0E0F\n"
      "mac = 000102030405060708090A0B0C0D0E0F\ndek = 000102030405060708090A0B0C0D0E0F\n";
  write_file_atomically(folder / "a", view("[a]\n" + set), true);
  write_file_atomically(folder / "b", view("[b]\n" + set), true);
  const se::Flavor& card = se::flavor("generic");
  EXPECT_EQ(open_keys(folder / "a", (folder / "b").c_str(), &card).store->names(), std::vector<std::string>{"a"});
  EXPECT_EQ(open_keys({}, (folder / "b").c_str(), &card).store->names(), std::vector<std::string>{"b"});
  EXPECT_TRUE(open_keys({}, nullptr, &card).built_in);
  EXPECT_TRUE(open_keys({}, "", &card).built_in);
}

TEST(Keys, a_card_in_a_reader_gets_none_by_itself) {
  const KeySource none = open_keys({}, nullptr, nullptr);
  EXPECT_TRUE(none.store->names().empty());
  EXPECT_NE(message_of([&] { none.demand(); }).find("give --keys FILE"), std::string::npos);
  EXPECT_EQ(message_of([] { open_keys({}, nullptr, &se::flavor("generic")).demand(); }), "no error");
}

TEST(ExitStatus, every_kind_of_error_has_one_and_help_lists_them) {
  EXPECT_EQ(status_of(ErrorKind::card), ExitStatus::refused);
  EXPECT_EQ(status_of(ErrorKind::usage), ExitStatus::usage);
  EXPECT_EQ(status_of(ErrorKind::policy), ExitStatus::policy);
  EXPECT_EQ(status_of(ErrorKind::budget), ExitStatus::budget);
  EXPECT_EQ(status_of(ErrorKind::reader), ExitStatus::reader);
  EXPECT_EQ(status_of(ErrorKind::internal), ExitStatus::internal);
  for (const char* number : {"  0 ", "  1 ", "  2 ", "  3 ", "  4 ", "  5 ", "  70 ", "  130 "}) {
    EXPECT_NE(exit_status_help().find(number), std::string::npos) << number;
  }
}

}  // namespace
}  // namespace cw::app
