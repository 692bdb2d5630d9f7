// The contract of Store and Transaction (registry/store.h), which every kind of store must fulfil.
#include "registry/store.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "registry/store_conformance/test_stores.h"
#include "registry/test_registry.h"
#include "testing/must.h"

namespace gridloom::registry {
namespace {

constexpr AccountId kAnna{1};
constexpr AccountId kBert{2};
constexpr AccountId kNobody{77};

using Numbers = std::vector<std::int64_t>;
using Change = std::function<void(Transaction& transaction)>;

class StoreTest : public testing::TestWithParam<StoreKind> {
 protected:
  // Anna owns the devices A (1) and B (2), and shares A with Bert; both have a key, a token, a
  // session and a bridge.
  void SetUp() override {
    if (!GetParam().missing().empty()) GTEST_SKIP() << GetParam().missing();
    start();
  }

  // A new registry.
  void start() {
    store_.reset();
    stored_ = GetParam().make();
    store_ = stored_->connect();
    commit([](Transaction& transaction) {
      for (const std::string name : {"anna", "bert"}) {
        const AccountId id = must(transaction.insert(account_of(name)));
        must(transaction.insert(key_of("key-of-" + name, id)));
        must(transaction.insert(token_of("token of " + name, id)));
        must(transaction.insert(session_of("session of " + name, id)));
        must(transaction.insert(bridge_of("bridge-of-" + name, id)));
      }
      for (const std::string_view sn : {"A", "B"}) {
        static_cast<void>(must(transaction.insert(device_of(sn, kAnna))));
      }
      Device a = device_of("A", kAnna);
      a.number = 1;
      must(transaction.update_share(a, {.account = kBert, .rights = Rights::kMonitor}));
    });
  }

  void commit(const Change& change) { commit(*store_, change); }
  static void commit(Store& store, const Change& change) {
    const auto transaction = must(store.begin());
    change(*transaction);
    must(transaction->commit());
  }
  static std::shared_ptr<const Directory> loaded(Transaction& transaction) {
    DirectoryDraft draft{Directory()};
    must(transaction.load(draft));
    return std::move(draft).finish();
  }
  static std::string content(Store& store) { return describe(*loaded(*must(store.begin()))); }
  static bool changed_elsewhere(Store& store) {
    return must(must(store.begin())->changed_elsewhere());
  }

  std::unique_ptr<StoredRegistry> stored_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreTest, testing::ValuesIn(store_kinds()), name_of_kind);

// One change of one kind of row: in the store, and as the directory has it.
struct RowChange {
  std::string_view what;
  void (*make)(const Directory& present, Transaction& transaction, DirectoryDraft& draft);
};

const RowChange kRowChanges[] = {
    {"an account is inserted",
     [](const Directory&, Transaction& transaction, DirectoryDraft& draft) {
       Account account = account_of("cleo");
       account.id = must(transaction.insert(account));
       draft.put(account);
     }},
    {"a key is inserted",
     [](const Directory&, Transaction& transaction, DirectoryDraft& draft) {
       must(transaction.insert(key_of("another-key", kBert)));
       draft.put(key_of("another-key", kBert));
     }},
    {"a token is inserted",
     [](const Directory&, Transaction& transaction, DirectoryDraft& draft) {
       Token token = token_of("another token", kAnna);
       token.number = must(transaction.insert(token));
       draft.put(token);
     }},
    {"a token of an administrator is inserted",
     [](const Directory&, Transaction& transaction, DirectoryDraft& draft) {
       Token token = admin_token_of("another token", {});
       token.number = must(transaction.insert(token));
       draft.put(token);
     }},
    {"a token of a card is inserted, whose device may be gone",
     [](const Directory&, Transaction& transaction, DirectoryDraft& draft) {
       Token token = token_of("card", kAnna);
       token.scope = Scope::kCard;
       token.device = "gone";
       token.number = must(transaction.insert(token));
       draft.put(token);
     }},
    {"a session is inserted",
     [](const Directory&, Transaction& transaction, DirectoryDraft& draft) {
       BrowserSession session = session_of("another session", kAnna);
       session.number = must(transaction.insert(session));
       draft.put(session);
     }},
    {"a bridge is inserted",
     [](const Directory&, Transaction& transaction, DirectoryDraft& draft) {
       Bridge bridge = bridge_of("another-bridge", kAnna);
       bridge.is_on = false;
       bridge.number = must(transaction.insert(bridge));
       draft.put(bridge);
     }},
    {"a device is inserted",
     [](const Directory&, Transaction& transaction, DirectoryDraft& draft) {
       Device device = device_of("C", kBert);
       device.number = must(transaction.insert(device));
       draft.put(device);
     }},
    {"a certificate's password is updated",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       Account account = *present.find_account(kAnna);
       account.certificate_password = Secret("a new password");
       account.certificate_generation = 7;
       must(transaction.update_certificate_password(account));
       draft.put(account);
     }},
    {"a gateway's key is updated",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       Account account = *present.find_account(kAnna);
       account.gateway_key = Secret("a new gateway key");
       account.gateway_generation = 8;
       must(transaction.update_gateway_key(account));
       draft.put(account);
     }},
    {"a password is set, and set again",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       Account account = *present.find_account(kBert);
       for (const char* hash : {"first hash", "second hash"}) {
         account.password_hash = Secret(hash);
         must(transaction.update_password_hash(account));
       }
       draft.put(account);
     }},
    {"a session is used",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       BrowserSession session = *present.find_session("session of anna");
       session.used_ms = 9000;
       must(transaction.update_use(session));
       draft.put(session);
     }},
    {"a bridge is changed",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       Bridge bridge = *present.find_bridge("bridge-of-anna");
       bridge.settings = Secret("other settings");
       bridge.is_on = false;
       must(transaction.update(bridge));
       draft.put(bridge);
     }},
    {"a device's key is updated",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       Device device = *present.find_device("A");
       device.key = Secret("a new device key");
       device.key_generation = 3;
       must(transaction.update_key(device));
       draft.put(device);
     }},
    {"a device's name and owner are updated",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       Device device = *present.find_device("B");
       device.name = "another name";
       device.owner = kBert;
       must(transaction.update_name_and_owner(device));
       draft.put(device);
     }},
    {"a share is added",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       Device device = *present.find_device("B");
       device.shares = {{.account = kBert, .rights = Rights::kFull}};
       must(transaction.update_share(device, device.shares.front()));
       draft.put(device);
     }},
    {"a share is changed",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       Device device = *present.find_device("A");
       device.shares = {{.account = kBert, .rights = Rights::kFull}};
       must(transaction.update_share(device, device.shares.front()));
       draft.put(device);
     }},
    {"a share is removed",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       Device device = *present.find_device("A");
       device.shares.clear();
       must(transaction.update_share(device, {.account = kBert, .rights = Rights::kNone}));
       draft.put(device);
     }},
    {"all shares of a device are removed",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       Device device = *present.find_device("A");
       device.shares.clear();
       must(transaction.remove_shares(device));
       draft.put(device);
     }},
    {"an account is removed with all that belongs to it",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       must(transaction.remove(*present.find_account(kBert)));
       draft.erase_account(kBert);
     }},
    {"a key is removed",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       must(transaction.remove(*present.find_key("key-of-bert")));
       draft.erase_key("key-of-bert");
     }},
    {"a token is removed",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       must(transaction.remove(*present.find_token("token of anna")));
       draft.erase_token("token of anna");
     }},
    {"a session is removed",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       must(transaction.remove(*present.find_session("session of bert")));
       draft.erase_session("session of bert");
     }},
    {"a bridge is removed",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       must(transaction.remove(*present.find_bridge("bridge-of-anna")));
       draft.erase_bridge("bridge-of-anna");
     }},
    {"a device is removed with its shares",
     [](const Directory& present, Transaction& transaction, DirectoryDraft& draft) {
       must(transaction.remove(*present.find_device("A")));
       draft.erase_device("A");
     }},
};

TEST_P(StoreTest, EachChangeOfARowIsStoredWithItsCommitAndNotBefore) {
  for (const RowChange& each : kRowChanges) {
    SCOPED_TRACE(each.what);
    start();
    const std::string before = content(*store_);
    std::string wanted;
    const auto make = [&](Transaction& transaction) {
      const auto present = loaded(transaction);
      DirectoryDraft draft(*present);
      each.make(*present, transaction, draft);
      wanted = describe(*std::move(draft).finish());
      EXPECT_EQ(describe(*loaded(transaction)), wanted) << "within the transaction";
    };
    {
      const auto transaction = must(store_->begin());
      make(*transaction);
    }
    EXPECT_EQ(content(*store_), before) << "rolled back";
    commit(make);
    EXPECT_NE(wanted, before);
    EXPECT_EQ(content(*store_), wanted);
    EXPECT_EQ(content(*stored_->connect()), wanted) << "for another connection";
  }
}

TEST_P(StoreTest, AnUpdateOrARemovalOfNothingChangesNothing) {
  const std::string before = content(*store_);
  Account account = account_of("nobody");
  account.id = kNobody;
  Device device = device_of("Z", kAnna);
  device.number = 99;
  BrowserSession session = session_of("no session", kAnna);
  session.number = 99;
  Token token = token_of("no token", kAnna);
  token.number = 99;
  Bridge bridge = bridge_of("no-bridge", kAnna);
  bridge.number = 99;
  commit([&](Transaction& transaction) {
    must(transaction.update(bridge));
    must(transaction.update_certificate_password(account));
    must(transaction.update_gateway_key(account));
    must(transaction.update_use(session));
    must(transaction.update_key(device));
    must(transaction.update_name_and_owner(device));
    must(transaction.update_share(device, {.account = kBert, .rights = Rights::kNone}));
    must(transaction.remove_shares(device));
    must(transaction.remove(account));
    must(transaction.remove(key_of("no-such-key", kAnna)));
    must(transaction.remove(token));
    must(transaction.remove(session));
    must(transaction.remove(bridge));
  });
  EXPECT_EQ(content(*store_), before);
}

struct Refusal {
  std::string_view what;
  ErrorCode (*code_of)(Transaction& transaction);
};
template <typename T>
ErrorCode code_of(const Result<T>& result) {
  return result ? ErrorCode{} : result.error().code;
}

const Refusal kRefusals[] = {
    {"an account's name",
     [](Transaction& transaction) {
       Account account = account_of("anna");
       account.certificate_account = "open-another";
       return code_of(transaction.insert(account));
     }},
    {"a certificate's account",
     [](Transaction& transaction) {
       Account account = account_of("cleo");
       account.certificate_account = "open-anna";
       return code_of(transaction.insert(account));
     }},
    {"an access key",
     [](Transaction& transaction) {
       return code_of(transaction.insert(key_of("key-of-anna", kBert)));
     }},
    {"a token's hash",
     [](Transaction& transaction) {
       return code_of(transaction.insert(token_of("token of anna", kBert)));
     }},
    {"a session's hash",
     [](Transaction& transaction) {
       return code_of(transaction.insert(session_of("session of anna", kBert)));
     }},
    {"a bridge's name, of whatever account",
     [](Transaction& transaction) {
       return code_of(transaction.insert(bridge_of("bridge-of-anna", kBert)));
     }},
    {"a serial number",
     [](Transaction& transaction) { return code_of(transaction.insert(device_of("A", kBert))); }},
    {"a key of no account",
     [](Transaction& transaction) {
       return code_of(transaction.insert(key_of("another-key", kNobody)));
     }},
    {"a token of no account",
     [](Transaction& transaction) {
       return code_of(transaction.insert(token_of("another token", kNobody)));
     }},
    {"a token of no account that is not an administrator's",
     [](Transaction& transaction) {
       return code_of(transaction.insert(token_of("another token", {})));
     }},
    {"a token of an administrator that has an account",
     [](Transaction& transaction) {
       return code_of(transaction.insert(admin_token_of("another token", kAnna)));
     }},
    {"a session of no account",
     [](Transaction& transaction) {
       return code_of(transaction.insert(session_of("another session", kNobody)));
     }},
    {"a bridge of no account",
     [](Transaction& transaction) {
       return code_of(transaction.insert(bridge_of("another-bridge", kNobody)));
     }},
    {"a device of no account",
     [](Transaction& transaction) { return code_of(transaction.insert(device_of("Z", kNobody))); }},
    {"a password of no account",
     [](Transaction& transaction) {
       Account account = account_of("nobody");
       account.id = kNobody;
       return code_of(transaction.update_password_hash(account));
     }},
    {"a device that moves to no account",
     [](Transaction& transaction) {
       Device device = device_of("A", kNobody);
       device.number = 1;
       return code_of(transaction.update_name_and_owner(device));
     }},
    {"a share with no account",
     [](Transaction& transaction) {
       Device device = device_of("A", kAnna);
       device.number = 1;
       return code_of(
           transaction.update_share(device, {.account = kNobody, .rights = Rights::kFull}));
     }},
    {"a share of no device",
     [](Transaction& transaction) {
       Device device = device_of("Z", kAnna);
       device.number = 99;
       return code_of(
           transaction.update_share(device, {.account = kBert, .rights = Rights::kFull}));
     }},
    {"the removal of an account that owns devices",
     [](Transaction& transaction) {
       Account account = account_of("anna");
       account.id = kAnna;
       return code_of(transaction.remove(account));
     }},
};

TEST_P(StoreTest, AChangeThatContradictsTheRowsIsAConflictAndLeavesTheChangesBeforeIt) {
  for (const Refusal& each : kRefusals) {
    SCOPED_TRACE(each.what);
    start();
    std::string wanted;
    commit([&](Transaction& transaction) {
      static_cast<void>(must(transaction.insert(account_of("before"))));
      wanted = describe(*loaded(transaction));
      EXPECT_EQ(each.code_of(transaction), ErrorCode::kConflict);
    });
    EXPECT_EQ(content(*store_), wanted);
  }
}

TEST_P(StoreTest, NoNumberIsGivenTwice) {
  commit([](Transaction& transaction) {
    Device device = device_of("B", kAnna);
    device.number = 2;
    must(transaction.remove(device));
    EXPECT_EQ(must(transaction.insert(device)), 3);
    Account bert = account_of("bert");
    bert.id = kBert;
    must(transaction.remove(bert));
    EXPECT_EQ(must(transaction.insert(bert)), AccountId{3});
    EXPECT_EQ(must(transaction.insert(token_of("another token", kAnna))), 3);
    EXPECT_EQ(must(transaction.insert(session_of("another session", kAnna))), 3);
    EXPECT_EQ(must(transaction.insert(bridge_of("bridge-of-bert", kAnna))), 3);
  });
  EXPECT_EQ(must(store_->highest_device_number()), 3);
  commit([](Transaction& transaction) {
    Device device = device_of("B", kAnna);
    device.number = 3;
    must(transaction.remove(device));
  });
  EXPECT_EQ(must(store_->highest_device_number()), 3);
  store_ = stored_->connect();
  EXPECT_EQ(must(store_->highest_device_number()), 3);
}

TEST_P(StoreTest, ReservedDeviceNumbersAreNotGiven) {
  commit([](Transaction& transaction) { must(transaction.reserve_device_numbers(41)); });
  EXPECT_EQ(must(store_->highest_device_number()), 41);
  commit([](Transaction& transaction) {
    must(transaction.reserve_device_numbers(7));
    EXPECT_EQ(must(transaction.insert(device_of("C", kAnna))), 42);
  });
  EXPECT_EQ(must(store_->highest_device_number()), 42);
}

TEST_P(StoreTest, NumbersAreReservedBeforeTheFirstDevice) {
  const std::unique_ptr<StoredRegistry> stored = GetParam().make();
  const std::unique_ptr<Store> store = stored->connect();
  EXPECT_EQ(must(store->highest_device_number()), 0);
  commit(*store, [](Transaction& transaction) {
    must(transaction.reserve_device_numbers(5));
    const AccountId anna = must(transaction.insert(account_of("anna")));
    EXPECT_EQ(must(transaction.insert(device_of("A", anna))), 6);
  });
}

TEST_P(StoreTest, RemovedDevicesAreListedOnceAndAscending) {
  EXPECT_EQ(must(store_->removed_devices()), Numbers{});
  commit([](Transaction& transaction) {
    Device device = device_of("B", kAnna);
    device.number = 2;
    must(transaction.remove(device));
    for (const std::int64_t number : {9, 1, 9, 2}) must(transaction.add_removed(number));
  });
  EXPECT_EQ(must(store_->removed_devices()), (Numbers{1, 2, 9}));
  {
    const auto transaction = must(store_->begin());
    must(transaction->add_removed(4));
  }
  EXPECT_EQ(must(store_->removed_devices()), (Numbers{1, 2, 9})) << "rolled back";
}

TEST_P(StoreTest, RevisionsCountCommitsAndRestartUnderAnotherId) {
  const Revision first = must(store_->revision());
  EXPECT_EQ(first.registry.size(), 32U);
  const Revision second{.registry = first.registry, .number = first.number + 1};
  {
    const auto transaction = must(store_->begin());
    EXPECT_EQ(must(store_->revision()), first);
    EXPECT_EQ(must(transaction->count_revision()), second);
  }
  EXPECT_EQ(must(store_->revision()), first) << "rolled back";
  commit([&](Transaction& transaction) { EXPECT_EQ(must(transaction.count_revision()), second); });
  EXPECT_EQ(must(store_->revision()), second);
  EXPECT_EQ(must(stored_->connect()->revision()), second);
  Revision restarted;
  commit([&](Transaction& transaction) { restarted = must(transaction.restart_revisions()); });
  EXPECT_EQ(must(store_->revision()), restarted);
  EXPECT_EQ(restarted.number, 0);
  EXPECT_EQ(restarted.registry.size(), 32U);
  EXPECT_NE(restarted.registry, first.registry);
}

TEST_P(StoreTest, ChangesOfOtherConnectionsAreNoticedOnce) {
  const std::unique_ptr<Store> other = stored_->connect();
  EXPECT_TRUE(changed_elsewhere(*store_)) << "the first call";
  EXPECT_TRUE(changed_elsewhere(*other));
  const auto add = [](std::string_view name) {
    return [name](Transaction& transaction) {
      static_cast<void>(must(transaction.insert(account_of(name))));
    };
  };
  commit(add("cleo"));
  EXPECT_FALSE(changed_elsewhere(*store_)) << "a change of its own";
  EXPECT_TRUE(changed_elsewhere(*other));
  EXPECT_FALSE(changed_elsewhere(*other));
  commit(*other, add("dora"));
  commit(*other, add("emil"));
  EXPECT_TRUE(changed_elsewhere(*store_));
  EXPECT_FALSE(changed_elsewhere(*store_));
  EXPECT_EQ(content(*store_), content(*other));
}

TEST_P(StoreTest, ATransactionWaitsForThoseOfOtherConnections) {
  constexpr int kEach = 20;
  const auto insert_accounts = [this](std::string_view prefix) {
    const std::unique_ptr<Store> store = stored_->connect();
    for (int i = 0; i < kEach; ++i) {
      commit(*store, [&](Transaction& transaction) {
        const Revision revision = must(transaction.count_revision());
        const std::string name = std::string(prefix) + std::to_string(i);
        static_cast<void>(must(transaction.insert(account_of(name))));
        // Anna and Bert, and one account for each revision.
        EXPECT_EQ(std::ssize(loaded(transaction)->accounts()), revision.number + 2);
      });
    }
  };
  {
    const std::jthread one([&] { insert_accounts("one"); });
    const std::jthread two([&] { insert_accounts("two"); });
  }
  EXPECT_EQ(must(store_->revision()).number, 2 * kEach);
}

}  // namespace
}  // namespace gridloom::registry
