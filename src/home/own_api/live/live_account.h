// The amounts that the clients of the live stream of one account hold together: how many they are,
// how many subscriptions they have, the devices that they watch, and the lists of field names. Each
// has a limit for all accounts, and all but the devices have one for the account, too; some of each
// is the account's own, which no other account can take.
//
// Within an account its browsers, its tokens and its cards, whose tokens are public, have these
// limits each for themselves, and a token has a quarter of them at most. So no token takes the
// places of the browsers, and some are each token's own, which no other token can take.
//
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/byte_budget.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/shared_text.h"
#include "base/string_map.h"
#include "own_api/live/live_credential.h"
#include "registry/directory.h"

namespace gridloom::api {

struct LiveLimits {
  std::size_t subscriptions = 256;  // of one client
  std::size_t clients_per_account = 64;
  std::size_t all_clients = 8192;
  std::size_t subscriptions_per_account = 4096;
  std::size_t all_subscriptions = std::size_t{256} * 1024;
  std::size_t field_bytes_per_account = std::size_t{1024} * 1024;
  std::size_t all_field_bytes = std::size_t{64} * 1024 * 1024;
  std::size_t devices = 4096;  // watched at once, each counted for each account that watches it
};

// A list of names of fields that never changes. Subscriptions of one account that name the same
// fields share one. It is found by its key, which has the names in quotes, as long as it exists:
// what is charged for it covers the key as well.
class LiveFields {
 public:
  // The lists of one account. The keys' texts belong to the lists.
  struct Lists {
    std::mutex mutex;
    std::unordered_map<std::string_view, std::weak_ptr<const LiveFields>> by_key;
  };
  // The cost of a list and of each of its names, in addition to their texts.
  static constexpr std::size_t kListBytes = 256;
  static constexpr std::size_t kNameBytes = 32;

  // `names` are sorted, without repetitions. The caller adds the list to `lists`.
  LiveFields(const std::vector<std::string_view>& names, std::string key, TakenBytes taken,
             std::shared_ptr<Lists> lists);
  LiveFields(const LiveFields&) = delete;
  LiveFields& operator=(const LiveFields&) = delete;
  // Takes itself out of the lists, whose mutex is not held.
  ~LiveFields();

  [[nodiscard]] bool contains(std::string_view name) const;
  [[nodiscard]] std::string_view key() const { return key_; }

 private:
  const std::string key_;
  std::string text_;
  std::vector<std::string_view> names_;  // sorted; they point into text_
  TakenBytes taken_;
  const std::shared_ptr<Lists> lists_;
};
using LiveFieldsPtr = std::shared_ptr<const LiveFields>;

// How much of each there may be, or is taken.
struct LiveAmounts {
  std::size_t clients = 0;
  std::size_t subscriptions = 0;
  std::size_t field_bytes = 0;
  std::size_t devices = 0;
};
struct LiveBudgets {
  ByteBudgetPtr clients;
  ByteBudgetPtr subscriptions;
  ByteBudgetPtr field_bytes;
  ByteBudgetPtr devices;
};

class LiveAccount;
using LiveAccountPtr = std::shared_ptr<LiveAccount>;

// The amounts that the clients of all browsers of an account, or of one of its tokens, hold
// together.
class LiveShare {
 public:
  // The part of an account of which this is a share: its browsers, tokens or cards.
  struct Part {
    std::string_view whose;
    LiveAmounts most;
    LiveBudgets budgets;
  };
  // `token`: what it has at most. Null: the share is all of the part.
  LiveShare(LiveAccountPtr account, const Part& part, const LiveAmounts* token);

  // Kept as long as the share.
  [[nodiscard]] LiveAccount& account() const { return *account_; }
  // The place of a client, a subscription or a watched device, given back on its destruction.
  // kConflict: there is none left, by the limit that the error names.
  [[nodiscard]] Result<TakenBytes> add_client() const;
  [[nodiscard]] Result<TakenBytes> add_subscription() const;
  [[nodiscard]] Result<TakenBytes> add_device() const;
  // The list with these names, in any order. kConflict: they are too long, as above.
  [[nodiscard]] Result<LiveFieldsPtr> fields(std::vector<std::string_view> names) const;

 private:
  struct Kind;
  [[nodiscard]] Result<TakenBytes> take(std::size_t amount, const Kind& kind) const;

  const LiveAccountPtr account_;
  const Part part_;
  const LiveAmounts most_;
  const bool is_of_token_;
  const LiveBudgets budgets_;
};
using LiveSharePtr = std::shared_ptr<const LiveShare>;

class LiveAccount : public std::enable_shared_from_this<LiveAccount> {
 public:
  // Devices of its own that each part of an account may watch, in addition to those of all
  // accounts.
  static constexpr std::size_t kOwnDevices = 64;

  // The limits of all accounts together.
  struct Shared {
    explicit Shared(const LiveLimits& limits);
    LiveLimits limits;
    LiveBudgets budgets;
  };
  LiveAccount(AccountId id, const Shared& shared);

  [[nodiscard]] AccountId id() const { return id_; }
  // The share of the browsers, or of the caller's token.
  [[nodiscard]] LiveSharePtr share(const LiveCaller& caller);
  // The lists of field names of all shares: equal ones are charged to the first.
  [[nodiscard]] const std::shared_ptr<LiveFields::Lists>& field_lists() const { return lists_; }
  // How many lists there are, each with its key.
  [[nodiscard]] std::size_t lists() const;

  // The account's rights to each device as a JSON object, made once for each directory.
  [[nodiscard]] SharedText rights(const std::shared_ptr<const registry::Directory>& directory);
  // How often that was made.
  [[nodiscard]] std::uint64_t rights_made() const;  // tidy: allowed, tests count

 private:
  const AccountId id_;
  const LiveAmounts token_most_;
  const LiveShare::Part browsers_;
  const LiveShare::Part tokens_;
  const LiveShare::Part cards_;
  const std::shared_ptr<LiveFields::Lists> lists_ = std::make_shared<LiveFields::Lists>();
  mutable std::mutex mutex_;
  StringMap<std::weak_ptr<const LiveShare>> shares_;  // by the token's hash; the browsers' has none
  std::weak_ptr<const registry::Directory> rights_of_;
  SharedText rights_;
  std::uint64_t rights_made_ = 0;
};

}  // namespace gridloom::api
