// Tests the registry through its public interface: the effect of each change, its errors, and its
// persistence over a restart. The rules of text have their own test.
#include "registry/registry.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/digest.h"
#include "registry/store_conformance/test_changes.h"
#include "registry/store_conformance/test_stores.h"
#include "registry/test_registry.h"

namespace gridloom::registry {
namespace {

INSTANTIATE_TEST_SUITE_P(Stores, StoredRegistryTest, testing::ValuesIn(store_kinds()),
                         name_of_kind);

TEST_P(StoredRegistryTest, ANewAccountHasAKeyPairACertificateAndAGatewayKey) {
  const Result<NewAccount> made = registry_->add_account({.name = "anna"});
  ASSERT_TRUE(made);
  const auto is_hex = [](std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  };
  EXPECT_EQ(made->key.access_key.size(), 32U);
  EXPECT_EQ(made->key.secret_key.reveal().size(), 32U);
  EXPECT_EQ(made->account.gateway_key.reveal().size(), 32U);
  EXPECT_EQ(made->account.certificate_account.size(), 37U);
  EXPECT_TRUE(made->account.certificate_account.starts_with("open-"));
  EXPECT_TRUE(is_hex(std::string_view(made->account.certificate_account).substr(5)));
  EXPECT_EQ(made->account.certificate_password.reveal().size(), 32U);
  EXPECT_TRUE(is_hex(made->account.certificate_password.reveal()));

  const auto directory = registry_->directory();
  const AccessKey* key = directory->find_key(made->key.access_key);
  ASSERT_NE(key, nullptr);
  EXPECT_TRUE(key->secret_key.matches(made->key.secret_key.reveal()));
  EXPECT_EQ(directory->find_account(key->account)->name, "anna");
  EXPECT_EQ(directory->find_key("nobody's"), nullptr);
  EXPECT_EQ(directory->find_account(AccountId{999}), nullptr);
  EXPECT_TRUE(directory->devices_of(AccountId{999}).empty());
}

TEST_P(StoredRegistryTest, AGivenKeyPairIsTakenAsItIsAndOnlyWhole) {
  const Result<NewAccount> made = registry_->add_account(
      {.name = "anna", .access_key = "my-access-key", .secret_key = "my-own-secret-key"});
  ASSERT_TRUE(made);
  EXPECT_EQ(registry_->directory()->find_key("my-access-key")->secret_key.reveal(),
            "my-own-secret-key");
  expect_fault(registry_->add_account({.name = "bert", .access_key = "my-access-key2"}),
               ErrorCode::kBadParams, "give both an access key and a secret key, or neither");
  expect_fault(
      registry_->add_account(
          {.name = "bert", .access_key = "my-access-key", .secret_key = "another-secret-key"}),
      ErrorCode::kConflict, "the access key 'my-access-key' is in use already");
  EXPECT_EQ(registry_->directory()->accounts().size(), 1U);
}

TEST_P(StoredRegistryTest, NamesOfAccountsAndSerialNumbersAreUnique) {
  account("anna");
  device("SN1", "anna");
  expect_fault(registry_->add_account({.name = "anna"}), ErrorCode::kConflict,
               "account 'anna' exists already");
  account("Anna");
  expect_fault(registry_->add_device({.sn = "SN1", .name = "x", .owner = "Anna"}),
               ErrorCode::kConflict, "device 'SN1' exists already");
  device("sn1", "anna");
}

TEST_P(StoredRegistryTest, AnAccountHasUpTo16KeyPairs) {
  const AccountId anna = account("anna");
  for (std::size_t i = 1; i < kKeyPairsPerAccount; ++i) ASSERT_TRUE(registry_->add_keys("anna"));
  expect_fault(registry_->add_keys("anna"), ErrorCode::kConflict,
               "account 'anna' has 16 key pairs already; remove one first");
  const std::string first = registry_->directory()->keys_of(anna).front()->access_key;
  ASSERT_TRUE(registry_->remove_key(first));
  EXPECT_EQ(registry_->directory()->find_key(first), nullptr);
  expect_fault(registry_->remove_key(first), ErrorCode::kNotFound,
               fmt::format("there is no access key '{}'", first));
  const Result<AccessKey> last = registry_->add_keys("anna");
  ASSERT_TRUE(last);
  EXPECT_EQ(registry_->directory()->keys_of(anna).size(), 16U);
  EXPECT_EQ(registry_->directory()->keys_of(anna).back()->access_key, last->access_key);
  expect_fault(registry_->add_keys("bert"), ErrorCode::kNotFound,
               "there is no account 'bert'; there is anna");
}

TEST_P(StoredRegistryTest, ATokenOfAnAdministratorBelongsToNoAccount) {
  account("anna");
  const Result<NewToken> made =
      registry_->add_token({.name = "panel", .account = {}, .scope = Scope::kAdmin});
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->token.account, AccountId{});
  EXPECT_EQ(registry_->directory()->tokens_of(AccountId{}).size(), 1U);
  expect_fault(registry_->add_token({.name = "panel", .account = "anna", .scope = Scope::kAdmin}),
               ErrorCode::kBadParams,
               "a token with the scope admin belongs to no account: leave the account out");
  EXPECT_FALSE(registry_->add_token({.name = "reader", .account = {}, .scope = Scope::kRead}));
  EXPECT_TRUE(registry_->remove_account("anna"));
  EXPECT_EQ(registry_->directory()->tokens_of(AccountId{}).size(), 1U);
  EXPECT_TRUE(registry_->remove_token(made->token.number));
  EXPECT_TRUE(registry_->directory()->tokens_of(AccountId{}).empty());
}

TEST(Scopes, AnAdministratorMayNotDoWhatAnOwnerMayNorTheOtherWayRound) {
  using enum Scope;
  EXPECT_TRUE(permits(kRead, kRead) && permits(kControl, kRead) && permits(kControl, kControl));
  EXPECT_FALSE(permits(kRead, kControl));
  EXPECT_TRUE(permits(kAdmin, kAdmin));
  EXPECT_FALSE(permits(kAdmin, kRead) || permits(kAdmin, kControl));
  EXPECT_FALSE(permits(kRead, kAdmin) || permits(kControl, kAdmin));
}

TEST(Scopes, ACardReadsNothingButACardAndWhoMayReadMayReadACard) {
  using enum Scope;
  EXPECT_TRUE(permits(kCard, kCard) && permits(kRead, kCard) && permits(kControl, kCard));
  EXPECT_FALSE(permits(kCard, kRead) || permits(kCard, kControl) || permits(kCard, kAdmin));
  EXPECT_FALSE(permits(kAdmin, kCard));
}

TEST_P(StoredRegistryTest, ATokenOfACardIsForADeviceThatItsAccountMayReadOrForTheHome) {
  account("anna");
  account("bert");
  ASSERT_TRUE(registry_->add_device({.sn = "A", .name = "A", .owner = "anna"}));
  ASSERT_TRUE(registry_->add_device({.sn = "B", .name = "B", .owner = "bert"}));
  const auto add = [this](std::string_view sn, Scope scope = Scope::kCard) {
    return registry_->add_token({.name = "x", .account = "anna", .scope = scope, .device = sn});
  };
  const Result<NewToken> home = add({});
  const Result<NewToken> device = add("A");
  ASSERT_TRUE(home && device);
  EXPECT_EQ(home->token.device, "");
  expect_fault(add("B"), ErrorCode::kNotFound, "account 'anna' may not read device 'B'");
  expect_fault(add("C"), ErrorCode::kNotFound, "there is no device 'C'");
  expect_fault(add("A", Scope::kRead), ErrorCode::kBadParams,
               "only a token with the scope card is for one device: leave the device out");
  ASSERT_TRUE(registry_->share_device({.sn = "B", .account = "anna", .rights = Rights::kMonitor}));
  EXPECT_TRUE(add("B"));
  // A token whose device is gone must not open more than it did.
  ASSERT_TRUE(registry_->remove_device("A"));
  reopen();
  const auto directory = registry_->directory();
  const Token* const kept = directory->find_token(device->token.hash);
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->scope, Scope::kCard);
  EXPECT_EQ(kept->device, "A");
  EXPECT_EQ(directory->find_token(home->token.hash)->device, "");
  EXPECT_TRUE(registry_->remove_token(device->token.number));
  reopen();
  EXPECT_EQ(registry_->directory()->find_token(device->token.hash), nullptr);
}

TEST_P(StoredRegistryTest, ATokenIsFoundByTheHashOfItsTextOnly) {
  const AccountId anna = account("anna");
  const TimePoint now{Millis(1'700'000'000'000)};
  const Result<NewToken> made = registry_->add_token({.name = "Grafana",
                                                      .account = "anna",
                                                      .scope = Scope::kControl,
                                                      .now = now,
                                                      .valid_for = Millis(1000)});
  ASSERT_TRUE(made) << made.error().detail;
  const std::string text(made->text.reveal());
  EXPECT_TRUE(text.starts_with("glt_")) << text;
  EXPECT_EQ(text.size(), 44U);
  EXPECT_EQ(made->token.hash, sha256_of(text));
  const auto check = [&] {
    const auto directory = registry_->directory();
    const Token* token = directory->find_token(sha256_of(text));
    ASSERT_NE(token, nullptr);
    EXPECT_EQ(directory->tokens_of(anna), std::vector<const Token*>{token});
    EXPECT_EQ(token->name, "Grafana");
    EXPECT_EQ(token->account, anna);
    EXPECT_EQ(token->scope, Scope::kControl);
    EXPECT_EQ(token->made_ms, unix_ms(now));
    EXPECT_FALSE(has_expired(*token, now + Millis(999)));
    EXPECT_TRUE(has_expired(*token, now + Millis(1000)));
    EXPECT_EQ(directory->find_token(text), nullptr);
  };
  check();
  reopen();
  check();
  const std::string stored = stored_->content();
  EXPECT_TRUE(stored.contains(made->token.hash));
  EXPECT_FALSE(stored.contains(text.substr(4)));
}

TEST_P(StoredRegistryTest, ATokenGoesByItsNumberWhichIsNotUsedAgain) {
  const AccountId anna = account("anna");
  const auto add = [this](std::string_view whose) {
    return registry_->add_token({.name = "x", .account = whose});
  };
  const Result<NewToken> first = add("anna");
  ASSERT_TRUE(first);
  EXPECT_FALSE(has_expired(first->token, TimePoint::max())) << "without an end it never does";
  ASSERT_TRUE(registry_->remove_token(first->token.number));
  expect_fault(registry_->remove_token(first->token.number), ErrorCode::kNotFound,
               fmt::format("there is no token {}", first->token.number));
  EXPECT_EQ(registry_->directory()->find_token(first->token.hash), nullptr);
  for (std::size_t i = 0; i < kTokensPerAccount; ++i) ASSERT_TRUE(add("anna"));
  EXPECT_EQ(registry_->directory()->tokens_of(anna).front()->number, first->token.number + 1);
  expect_fault(add("anna"), ErrorCode::kConflict,
               "account 'anna' has 64 tokens already; remove one first");
  expect_fault(add("bert"), ErrorCode::kNotFound, "there is no account 'bert'; there is anna");
  EXPECT_FALSE(registry_->add_token({.name = "", .account = "anna"}));
  const std::string hash = registry_->directory()->tokens_of(anna).front()->hash;
  ASSERT_TRUE(registry_->remove_account("anna"));
  EXPECT_EQ(registry_->directory()->find_token(hash), nullptr);
  reopen();
  EXPECT_EQ(registry_->directory()->find_token(hash), nullptr);
}

TEST_P(StoredRegistryTest, ARotatedCertificateKeepsItsAccountAndGetsANewPassword) {
  const Result<NewAccount> before = registry_->add_account({.name = "anna"});
  const Result<Secret> password = registry_->rotate_certificate("anna");
  ASSERT_TRUE(password);
  const auto directory = registry_->directory();
  const Account* after = directory->find_certificate(before->account.certificate_account);
  ASSERT_NE(after, nullptr);
  EXPECT_TRUE(after->certificate_password.matches(password->reveal()));
  EXPECT_FALSE(after->certificate_password.matches(before->account.certificate_password.reveal()));
  EXPECT_TRUE(after->gateway_key.matches(before->account.gateway_key.reveal()));
}

TEST_P(StoredRegistryTest, ADeviceKeyIsMadeOrGiven) {
  account("anna");
  const Result<Secret> made = registry_->add_device({.sn = "A", .name = "A", .owner = "anna"});
  const Result<Secret> given =
      registry_->add_device({.sn = "B", .name = "B", .owner = "anna", .key = "given-key"});
  ASSERT_TRUE(made && given);
  EXPECT_EQ(made->reveal().size(), 32U);
  EXPECT_EQ(given->reveal(), "given-key");
  EXPECT_TRUE(registry_->directory()->find_device("A")->key.matches(made->reveal()));
  EXPECT_TRUE(registry_->directory()->find_device("B")->key.matches("given-key"));
  EXPECT_FALSE(registry_->add_device({.sn = "C", .name = "C", .owner = "anna", .key = "short"}));
  EXPECT_FALSE(registry_->add_device({.sn = "C", .name = "C", .owner = "bert"}));
  EXPECT_FALSE(registry_->add_device({.sn = "C", .name = "", .owner = "anna"}));
  EXPECT_FALSE(registry_->add_device({.sn = "C/D", .name = "C", .owner = "anna"}));
}

TEST_P(StoredRegistryTest, AFleetIsAddedWholeOrNotAtAll) {
  const AccountId anna = account("anna");
  const std::vector<DeviceSpec> fleet{{.sn = "C", .name = "c", .owner = "anna"},
                                      {.sn = "A", .name = "a", .owner = "anna"},
                                      {.sn = "B", .name = "b", .owner = "anna", .key = "key-of-B"}};
  const Result<std::vector<Secret>> keys = registry_->add_devices(fleet);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->at(2).reveal(), "key-of-B");
  EXPECT_EQ(owned(anna), (Names{"C", "A", "B"}));
  const std::vector<DeviceSpec> twice{{.sn = "D", .name = "d", .owner = "anna"},
                                      {.sn = "D", .name = "d", .owner = "anna"}};
  expect_fault(registry_->add_devices(twice), ErrorCode::kConflict, "device 'D' exists already");
  EXPECT_EQ(owned(anna), (Names{"C", "A", "B"}));
  EXPECT_EQ(registry_->directory()->find_device("D"), nullptr);
  reopen();
  EXPECT_EQ(owned(anna), (Names{"C", "A", "B"}));
}

TEST_P(StoredRegistryTest, RightsFollowOwnerAndShares) {
  const AccountId anna = account("anna");
  const AccountId bert = account("bert");
  const AccountId cleo = account("cleo");
  device("SN1", "anna");
  struct Step {
    std::string_view account;
    Rights share = Rights::kNone;
    Rights of_bert = Rights::kNone;
    Rights of_cleo = Rights::kNone;
  };
  EXPECT_EQ(rights(bert, "SN1"), Rights::kNone);
  for (const Step& step : {
           Step{"bert", Rights::kMonitor, Rights::kMonitor, Rights::kNone},
           Step{"cleo", Rights::kFull, Rights::kMonitor, Rights::kFull},
           Step{"bert", Rights::kFull, Rights::kFull, Rights::kFull},
           Step{"cleo", Rights::kMonitor, Rights::kFull, Rights::kMonitor},
           Step{"bert", Rights::kNone, Rights::kNone, Rights::kMonitor},
           Step{"cleo", Rights::kNone, Rights::kNone, Rights::kNone},
       }) {
    const Status shared =
        registry_->share_device({.sn = "SN1", .account = step.account, .rights = step.share});
    ASSERT_TRUE(shared) << shared.error().detail;
    EXPECT_EQ(rights(anna, "SN1"), Rights::kOwner);
    EXPECT_EQ(rights(bert, "SN1"), step.of_bert);
    EXPECT_EQ(rights(cleo, "SN1"), step.of_cleo);
    EXPECT_EQ(rights(AccountId{999}, "SN1"), Rights::kNone);
    EXPECT_EQ(used(bert), step.of_bert == Rights::kNone ? Names{} : Names{"SN1"});
    EXPECT_EQ(owned(anna), Names{"SN1"});
    EXPECT_TRUE(owned(bert).empty());
  }
}

TEST_P(StoredRegistryTest, AShareThatMakesNoSenseIsRefused) {
  account("anna");
  account("bert");
  device("SN1", "anna");
  expect_fault(registry_->share_device({.sn = "SN1", .account = "anna"}), ErrorCode::kConflict,
               "account 'anna' owns device 'SN1'");
  expect_fault(
      registry_->share_device({.sn = "SN1", .account = "bert", .rights = Rights::kOwner}),
      ErrorCode::kBadParams,
      "rights is 'owner': must be monitor, full or none; to change the owner, move the device");
  expect_fault(registry_->share_device({.sn = "SN1", .account = "bert", .rights = Rights::kNone}),
               ErrorCode::kNotFound, "device 'SN1' is not shared with 'bert'");
  expect_fault(registry_->share_device({.sn = "SN1", .account = "cleo"}), ErrorCode::kNotFound,
               "there is no account 'cleo'; there are anna, bert");
  expect_fault(registry_->share_device({.sn = "SN2", .account = "bert"}), ErrorCode::kNotFound,
               "there is no device 'SN2'");
}

TEST_P(StoredRegistryTest, ADeviceIsSharedWithUpTo64Accounts) {
  account("anna");
  device("SN1", "anna");
  for (std::size_t i = 0; i <= kSharesPerDevice; ++i) account(fmt::format("user {}", i));
  for (std::size_t i = 0; i < kSharesPerDevice; ++i) {
    ASSERT_TRUE(registry_->share_device({.sn = "SN1", .account = fmt::format("user {}", i)}));
  }
  expect_fault(registry_->share_device({.sn = "SN1", .account = "user 64"}), ErrorCode::kConflict,
               "device 'SN1' is shared with 64 accounts already");
  EXPECT_TRUE(
      registry_->share_device({.sn = "SN1", .account = "user 63", .rights = Rights::kFull}));
}

TEST_P(StoredRegistryTest, ARotatedGatewayKeyLeavesTheCertificateAlone) {
  const Result<NewAccount> before = registry_->add_account({.name = "anna"});
  const Result<Secret> key = registry_->rotate_gateway("anna");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->reveal().size(), 32U);
  for (int opened = 0; opened < 2; ++opened) {
    const auto directory = registry_->directory();
    const Account* after = directory->find_account_by_name("anna");
    EXPECT_TRUE(after->gateway_key.matches(key->reveal()));
    EXPECT_FALSE(after->gateway_key.matches(before->account.gateway_key.reveal()));
    EXPECT_TRUE(after->certificate_password.matches(before->account.certificate_password.reveal()));
    EXPECT_EQ(after->gateway_generation, 2);
    EXPECT_EQ(after->certificate_generation, 1);
    reopen();
  }
  expect_fault(registry_->rotate_gateway("bert"), ErrorCode::kNotFound,
               "there is no account 'bert'; there is anna");
}

TEST_P(StoredRegistryTest, ARotatedDeviceKeyLeavesEverythingElse) {
  account("anna");
  const AccountId bert = account("bert");
  device("A", "anna");
  ASSERT_TRUE(registry_->share_device({.sn = "A", .account = "bert"}));
  const Device before = *registry_->directory()->find_device("A");
  const Result<Secret> key = registry_->rotate_device("A");
  ASSERT_TRUE(key);
  EXPECT_FALSE(before.key.matches(key->reveal()));
  for (int opened = 0; opened < 2; ++opened) {
    const auto directory = registry_->directory();
    const Device* after = directory->find_device("A");
    EXPECT_TRUE(after->key.matches(key->reveal()));
    EXPECT_EQ(after->key_generation, before.key_generation + 1);
    EXPECT_EQ(after->number, before.number);
    EXPECT_EQ(rights(bert, "A"), Rights::kMonitor);
    reopen();
  }
  expect_fault(registry_->rotate_device("B"), ErrorCode::kNotFound, "there is no device 'B'");
}

// A hub checks all its clients after such a change, and only then.
TEST_P(StoredRegistryTest, RevocationsAreCounted) {
  account("anna");
  account("bert");
  device("A", "anna");
  const auto counts = [this](const auto& change) {
    const std::uint64_t before = registry_->directory()->revocations();
    EXPECT_TRUE(change());
    return registry_->directory()->revocations() != before;
  };
  const auto share = [this](Rights rights) {
    return registry_->share_device({.sn = "A", .account = "bert", .rights = rights});
  };
  EXPECT_FALSE(counts([this] { return registry_->add_keys("anna"); }));
  EXPECT_FALSE(counts([this] { return registry_->rename_device({.sn = "A", .name = "x"}); }));
  EXPECT_FALSE(counts([&] { return share(Rights::kMonitor); }));
  EXPECT_FALSE(counts([&] { return share(Rights::kFull); }));
  EXPECT_TRUE(counts([&] { return share(Rights::kMonitor); }));
  EXPECT_TRUE(counts([&] { return share(Rights::kNone); }));
  EXPECT_TRUE(counts([this] { return registry_->rotate_certificate("anna"); }));
  EXPECT_TRUE(counts([this] { return registry_->rotate_gateway("anna"); }));
  EXPECT_TRUE(counts([this] { return registry_->rotate_device("A"); }));
  EXPECT_TRUE(counts([this] { return registry_->move_device({.sn = "A", .owner = "bert"}); }));
  EXPECT_TRUE(counts([this] { return registry_->remove_device("A"); }));
  EXPECT_TRUE(counts([this] { return registry_->remove_account("bert"); }));
}

// A moved device loses its history with its number, and its key with its owner.
TEST_P(StoredRegistryTest, AMovedDeviceIsAnotherOneUnlessItsHistoryGoesAlong) {
  account("anna");
  account("bert");
  device("A", "anna");
  Device before = *registry_->directory()->find_device("A");
  const Result<Secret> first = registry_->move_device({.sn = "A", .owner = "bert"});
  ASSERT_TRUE(first);
  reopen();
  Device after = *registry_->directory()->find_device("A");
  EXPECT_GT(after.number, before.number);
  EXPECT_TRUE(after.key.matches(first->reveal()));
  EXPECT_FALSE(after.key.matches(before.key.reveal()));

  before = after;
  const Result<Secret> second =
      registry_->move_device({.sn = "A", .owner = "anna", .history = MovedHistory::kGoesAlong});
  ASSERT_TRUE(second);
  reopen();
  after = *registry_->directory()->find_device("A");
  EXPECT_EQ(after.number, before.number);
  EXPECT_GT(after.key_generation, before.key_generation);
  EXPECT_TRUE(after.key.matches(second->reveal()));
  EXPECT_FALSE(after.key.matches(before.key.reveal()));
}

TEST_P(StoredRegistryTest, AMovedDeviceKeepsItsNameButNoShares) {
  const AccountId anna = account("anna");
  const AccountId bert = account("bert");
  const AccountId cleo = account("cleo");
  ASSERT_TRUE(
      registry_->add_device({.sn = "A", .name = "Attic", .owner = "anna", .key = "attic-key"}));
  device("B", "bert");
  ASSERT_TRUE(registry_->share_device({.sn = "A", .account = "bert"}));
  ASSERT_TRUE(registry_->share_device({.sn = "A", .account = "cleo"}));
  ASSERT_TRUE(registry_->move_device({.sn = "A", .owner = "bert"}));
  EXPECT_EQ(rights(anna, "A"), Rights::kNone);
  EXPECT_EQ(rights(bert, "A"), Rights::kOwner);
  EXPECT_EQ(rights(cleo, "A"), Rights::kNone);
  EXPECT_EQ(owned(bert), (Names{"B", "A"}));
  EXPECT_TRUE(owned(anna).empty() && used(bert).empty() && used(cleo).empty());
  EXPECT_EQ(registry_->directory()->find_device("A")->name, "Attic");
  EXPECT_FALSE(registry_->directory()->find_device("A")->key.matches("attic-key"));
  expect_fault(registry_->move_device({.sn = "A", .owner = "bert"}), ErrorCode::kConflict,
               "account 'bert' owns device 'A' already");
}

TEST_P(StoredRegistryTest, ARenamedDeviceIsSeenByAllWhoUseIt) {
  const AccountId anna = account("anna");
  const AccountId bert = account("bert");
  device("A", "anna");
  ASSERT_TRUE(registry_->share_device({.sn = "A", .account = "bert"}));
  ASSERT_TRUE(registry_->rename_device({.sn = "A", .name = "Küche"}));
  const auto directory = registry_->directory();
  EXPECT_EQ(directory->devices_of(anna).front()->name, "Küche");
  EXPECT_EQ(directory->shared_with(bert).front()->name, "Küche");
  EXPECT_FALSE(registry_->rename_device({.sn = "A", .name = ""}));
  EXPECT_FALSE(registry_->rename_device({.sn = "B", .name = "x"}));
}

TEST_P(StoredRegistryTest, AnAccountGoesWithItsKeysAndSharesButNotWithDevices) {
  const AccountId anna = account("anna");
  const AccountId bert = account("bert");
  device("A", "anna");
  device("B", "bert");
  ASSERT_TRUE(registry_->share_device({.sn = "A", .account = "bert"}));
  const std::string key = registry_->directory()->keys_of(bert).front()->access_key;
  expect_fault(registry_->remove_account("bert"), ErrorCode::kConflict,
               "account 'bert' owns 1 device; move or remove it first");
  ASSERT_TRUE(registry_->remove_device("B"));
  ASSERT_TRUE(registry_->remove_account("bert"));
  const auto check = [&] {
    const auto directory = registry_->directory();
    EXPECT_EQ(directory->find_account(bert), nullptr);
    EXPECT_EQ(directory->find_account_by_name("bert"), nullptr);
    EXPECT_EQ(directory->find_key(key), nullptr);
    EXPECT_TRUE(directory->find_device("A")->shares.empty());
    EXPECT_EQ(directory->find_device("B"), nullptr);
    EXPECT_EQ(directory->devices_of(anna).size(), 1U);
    EXPECT_TRUE(directory->shared_with(bert).empty());
  };
  check();
  reopen();
  check();
  EXPECT_GT(account("bert"), bert) << "a number is never used again";
}

TEST_P(StoredRegistryTest, AnyHistoryOfChangesReadsBackAsItIsInMemory) {
  // The directory in memory is built change by change, the one after a restart from the rows.
  const Chance chance(20240611);
  std::uint64_t draws = 0;
  const auto draw = [&](std::uint64_t below) { return chance.bits(draws++) % below; };
  std::size_t made = 0;
  for (int i = 0; i < 600; ++i) {
    made += change_at_random(*registry_, draw) ? 1 : 0;
    if (i % 40 == 39) {
      const std::string before = describe(*registry_->directory());
      EXPECT_FALSE(before.contains("false"));
      reopen();
      ASSERT_EQ(describe(*registry_->directory()), before) << "after change " << i;
    }
  }
  EXPECT_GT(made, 200U) << "most of the draws should be changes";
}

TEST_P(StoredRegistryTest, WhatAnotherProcessChangesIsTheSameHere) {
  const Chance chance(20241127);
  std::uint64_t draws = 0;
  const auto draw = [&](std::uint64_t below) { return chance.bits(draws++) % below; };
  const auto other = stored_->open();
  for (int round = 0; round < 100; ++round) {
    for (std::uint64_t i = draw(12); i > 0; --i) static_cast<void>(change_at_random(*other, draw));
    // Each change begins with what others have changed.
    must(registry_->purge_devices({}));
    ASSERT_EQ(describe(*registry_->directory()), describe(*other->directory())) << round;
    static_cast<void>(change_at_random(*registry_, draw));
    must(other->purge_devices({}));
    ASSERT_EQ(describe(*registry_->directory()), describe(*other->directory())) << round;
  }
  EXPECT_FALSE(describe(*other->directory()).contains("false"));
  reopen();
  EXPECT_EQ(describe(*registry_->directory()), describe(*other->directory()));
}

TEST_P(StoredRegistryTest, AnOldDirectoryStaysAsItWas) {
  const AccountId anna = account("anna");
  account("bert");
  device("A", "anna");
  ASSERT_TRUE(registry_->share_device({.sn = "A", .account = "bert"}));
  const auto old = registry_->directory();
  const std::string before = describe(*old);
  const Device* kept = old->find_device("A");
  ASSERT_TRUE(registry_->rename_device({.sn = "A", .name = "new"}));
  ASSERT_TRUE(registry_->remove_device("A"));
  ASSERT_TRUE(registry_->remove_account("anna"));
  ASSERT_TRUE(registry_->rotate_certificate("bert"));
  for (int i = 0; i < 100; ++i) account(fmt::format("account {}", i));
  EXPECT_EQ(describe(*old), before);
  EXPECT_EQ(old->find_device("A"), kept);
  EXPECT_EQ(kept->name, "A");
  registry_.reset();
  EXPECT_EQ(old->devices_of(anna).front(), kept) << "also when the registry is gone";
}

TEST_P(StoredRegistryTest, ListenersHearOfEveryCommitAndOfNothingElse) {
  account("anna");
  int first = 0;
  std::size_t devices = 0;
  registry_->on_change([&first] { ++first; });
  registry_->on_change([&] { devices = registry_->directory()->devices().size(); });
  device("A", "anna");
  device("B", "anna");
  EXPECT_EQ(first, 2);
  EXPECT_EQ(devices, 2U) << "the new directory is there when a listener is called";
  EXPECT_FALSE(registry_->add_account({.name = "anna"}));
  EXPECT_FALSE(registry_->remove_device("C"));
  EXPECT_EQ(first, 2);
}

TEST_P(StoredRegistryTest, AListenerMayChangeTheRegistryItself) {
  registry_->on_change([this] {
    if (registry_->directory()->accounts().size() < 5) {
      account(fmt::format("account {}", registry_->directory()->accounts().size()));
    }
  });
  account("account 0");
  EXPECT_EQ(registry_->directory()->accounts().size(), 5U);
}

}  // namespace
}  // namespace gridloom::registry
