// Bridges in the registry.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "registry/rules.h"
#include "registry/store_conformance/test_stores.h"
#include "registry/test_registry.h"
#include "storage/sqlite.h"
#include "testing/must.h"

namespace gridloom::registry {
namespace {

constexpr TimePoint kNow{Millis(1'700'000'000'000)};
constexpr std::string_view kSettings = R"({"host":"example.org","password":"very-secret"})";

class Bridges : public StoredRegistryTest {
 protected:
  Result<Bridge> add(std::string_view name, std::string_view account = "anna") {
    return registry_->add_bridge({.name = name,
                                  .kind = "mirror",
                                  .account = account,
                                  .settings = Secret(std::string(kSettings)),
                                  .now = kNow});
  }
  [[nodiscard]] Names names() const {
    const auto directory = registry_->directory();
    Names names;
    for (const Bridge* each : directory->bridges()) names.push_back(each->name);
    return names;
  }
};

INSTANTIATE_TEST_SUITE_P(Stores, Bridges, testing::ValuesIn(store_kinds()), name_of_kind);

TEST_P(Bridges, AreKeptAsTheyWereAddedAndInTheOrderOfAdding) {
  const AccountId anna = account("anna");
  const Bridge made = must(add("vendor.eu_1"));
  must(registry_->add_bridge({.name = "another",
                              .kind = "of-a-later-version",
                              .account = "anna",
                              .settings = Secret("{}"),
                              .now = kNow}));
  EXPECT_EQ(made.number, 1);
  for (int opened = 0; opened < 2; ++opened, reopen()) {
    const auto directory = registry_->directory();
    const Bridge* bridge = directory->find_bridge("vendor.eu_1");
    ASSERT_NE(bridge, nullptr);
    EXPECT_EQ(bridge->number, made.number);
    EXPECT_EQ(bridge->kind, "mirror");
    EXPECT_EQ(bridge->account, anna);
    EXPECT_EQ(bridge->settings.reveal(), kSettings);
    EXPECT_TRUE(bridge->is_on);
    EXPECT_EQ(bridge->made_ms, unix_ms(kNow));
    EXPECT_EQ(directory->find_bridge("another")->kind, "of-a-later-version");
    EXPECT_EQ(directory->find_bridge("Vendor.eu_1"), nullptr);
    EXPECT_EQ(names(), (Names{"vendor.eu_1", "another"}));
  }
}

TEST_P(Bridges, ChangeWhatIsGivenAndNothingElse) {
  account("anna");
  must(add("one"));
  must(add("two"));
  const auto expect = [this](bool is_on, std::string_view settings) {
    for (int opened = 0; opened < 2; ++opened, reopen()) {
      const auto directory = registry_->directory();
      const Bridge* bridge = directory->find_bridge("one");
      ASSERT_NE(bridge, nullptr);
      EXPECT_EQ(bridge->is_on, is_on);
      EXPECT_EQ(bridge->settings.reveal(), settings);
      EXPECT_EQ(bridge->made_ms, unix_ms(kNow));
      EXPECT_TRUE(directory->find_bridge("two")->is_on);
      EXPECT_EQ(directory->find_bridge("two")->settings.reveal(), kSettings);
      EXPECT_EQ(names(), (Names{"one", "two"}));
    }
  };
  must(registry_->change_bridge({.name = "one", .is_on = false}));
  expect(false, kSettings);
  must(registry_->change_bridge({.name = "one", .settings = Secret(R"({"host":"b"})")}));
  expect(false, R"({"host":"b"})");
  must(registry_->change_bridge({.name = "one"}));
  expect(false, R"({"host":"b"})");
  must(registry_->change_bridge({.name = "one", .settings = Secret("{}"), .is_on = true}));
  expect(true, "{}");
}

TEST_P(Bridges, OfOneNameThereIsOneOnTheServer) {
  account("anna");
  account("bert");
  must(add("mirror"));
  for (const std::string_view whose : {"anna", "bert"}) {
    expect_fault(add("mirror", whose), ErrorCode::kConflict, "bridge 'mirror' exists already");
  }
  must(add("Mirror", "bert"));
  EXPECT_EQ(names(), (Names{"mirror", "Mirror"}));
}

TEST_P(Bridges, AreRemovedByTheirNameWhichIsFreeThen) {
  account("anna");
  account("bert");
  const Bridge first = must(add("mirror"));
  must(add("meter"));
  must(registry_->remove_bridge("mirror"));
  EXPECT_EQ(names(), Names{"meter"});
  reopen();
  EXPECT_EQ(names(), Names{"meter"});
  const Bridge next = must(add("mirror", "bert"));
  EXPECT_GT(next.number, first.number + 1) << "a number is never used again";
  reopen();
  EXPECT_EQ(names(), (Names{"meter", "mirror"}));
}

TEST_P(Bridges, GoWithTheirAccount) {
  account("anna");
  account("bert");
  must(add("annas"));
  must(add("berts", "bert"));
  must(add("annas-2"));
  must(registry_->remove_account("anna"));
  EXPECT_EQ(names(), Names{"berts"});
  EXPECT_EQ(registry_->directory()->find_bridge("annas"), nullptr);
  reopen();
  EXPECT_EQ(names(), Names{"berts"});
}

TEST_P(Bridges, OfAServerAreBounded) {
  account("anna");
  account("bert");
  for (std::size_t i = 0; i < kBridgesPerServer; ++i) {
    must(add(fmt::format("bridge-{}", i), i % 2 == 0 ? "anna" : "bert"));
  }
  expect_fault(add("further"), ErrorCode::kConflict,
               "there are 256 bridges already; remove one first");
  must(registry_->remove_bridge("bridge-7"));
  must(add("further"));
  EXPECT_EQ(registry_->directory()->bridges().size(), kBridgesPerServer);
}

TEST_P(Bridges, WithNamesKindsAndSettingsThatAreNotValidAreRefused) {
  account("anna");
  for (const std::string_view bad : {"", "a b", "a/b", "..", "\x1b"}) {
    const std::string_view said =
        "a bridge's name must have 1 to 32 characters of A-Z a-z 0-9 . _ -";
    expect_fault(add(bad), ErrorCode::kBadParams, said);
    expect_fault(registry_->remove_bridge(bad), ErrorCode::kBadParams, said);
    expect_fault(registry_->change_bridge({.name = bad}), ErrorCode::kBadParams, said);
  }
  expect_fault(registry_->add_bridge({.name = "a", .kind = "m q", .account = "anna"}),
               ErrorCode::kBadParams,
               "a bridge's kind must have 1 to 32 characters of A-Z a-z 0-9 . _ -");
  const Secret longest(std::string(kBridgeSettingsMaxBytes, 's'));
  const Secret too_long(std::string(kBridgeSettingsMaxBytes + 1, 's'));
  const std::string_view said = "a bridge's settings must have at most 65536 bytes";
  expect_fault(
      registry_->add_bridge({.name = "a", .kind = "mqtt", .account = "anna", .settings = too_long}),
      ErrorCode::kBadParams, said);
  must(
      registry_->add_bridge({.name = "a", .kind = "mqtt", .account = "anna", .settings = longest}));
  expect_fault(registry_->change_bridge({.name = "a", .settings = too_long}), ErrorCode::kBadParams,
               said);
  reopen();
  EXPECT_TRUE(registry_->directory()->find_bridge("a")->settings.matches(longest));
}

TEST_P(Bridges, ThatDoNotExistAreAnsweredWithThoseThatDo) {
  expect_fault(add("mirror"), ErrorCode::kNotFound, "there is no account 'anna'");
  account("anna");
  expect_fault(registry_->remove_bridge("mirror"), ErrorCode::kNotFound,
               "there is no bridge 'mirror'");
  must(add("mirror"));
  expect_fault(registry_->remove_bridge("miror"), ErrorCode::kNotFound,
               "there is no bridge 'miror'; did you mean mirror?");
  expect_fault(registry_->change_bridge({.name = "evcc", .is_on = false}), ErrorCode::kNotFound,
               "there is no bridge 'evcc'; there is mirror");
  EXPECT_TRUE(registry_->directory()->find_bridge("mirror")->is_on);
}

TEST_P(Bridges, AreNoCredentialThatIsRevoked) {
  account("anna");
  account("bert");
  const std::uint64_t before = registry_->directory()->revocations();
  must(add("mirror"));
  must(registry_->change_bridge({.name = "mirror", .is_on = false}));
  must(registry_->remove_bridge("mirror"));
  EXPECT_EQ(registry_->directory()->revocations(), before);
}

TEST_P(Bridges, StayInADirectoryOfBefore) {
  account("anna");
  must(add("mirror"));
  const auto old = registry_->directory();
  const Bridge* kept = old->find_bridge("mirror");
  must(registry_->change_bridge({.name = "mirror", .is_on = false}));
  EXPECT_EQ(old->find_bridge("mirror"), kept);
  EXPECT_TRUE(kept->is_on);
  must(registry_->remove_bridge("mirror"));
  EXPECT_EQ(old->bridges(), std::vector<const Bridge*>{kept});
}

TEST_P(Bridges, HaveSealedSettings) {
  account("anna");
  must(add("mirror"));
  must(registry_->change_bridge(
      {.name = "mirror", .settings = Secret(R"({"password":"very-secret-2"})")}));
  registry_.reset();
  const std::string stored = stored_->content();
  EXPECT_TRUE(stored.contains("mirror")) << "or this test looks in the wrong place";
  EXPECT_NE(stored.contains("very-secret"), GetParam().seals);
}

class BridgesInFiles : public RegistryTest {};

// The checksums are right, as after a change by somebody who computes them.
TEST_F(BridgesInFiles, DoNotOpenWithSettingsOfAnother) {
  account("anna");
  must(registry_->add_bridge({.name = "mirror",
                              .kind = "mirror",
                              .account = "anna",
                              .settings = Secret(std::string(kSettings))}));
  must(registry_->add_bridge({.name = "open", .kind = "mqtt", .account = "anna"}));
  registry_.reset();
  {
    auto database = must(storage::Database::open(folder_.data() / "registry.sqlite"));
    must(database.run(
        "UPDATE bridges SET settings = (SELECT settings FROM bridges WHERE name = 'mirror') "
        "WHERE name = 'open'; "
        "UPDATE bridges SET checksum = "
        "row_checksum(12, id, name, kind, account, settings, is_on, made_ms); "
        "UPDATE table_sums SET sum = "
        "(SELECT (a.checksum | b.checksum) - (a.checksum & b.checksum) FROM bridges a, bridges b "
        "WHERE a.name = 'mirror' AND b.name = 'open') WHERE name = 'bridges'"));
  }
  const auto opened = Registry::open(folder_.data());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kMalformed) << opened.error().detail;
}

}  // namespace
}  // namespace gridloom::registry
