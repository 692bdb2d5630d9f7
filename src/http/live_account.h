// What all clients of the live stream of one account hold together: how many they are, how many
// subscriptions they have, and the lists of field names of these. Each has a limit for the account
// and one for all accounts; some of each is the account's own, which no other account can take.
//
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/account_id.h"
#include "base/byte_budget.h"
#include "base/result.h"
#include "base/shared_text.h"
#include "base/string_map.h"
#include "registry/directory.h"

namespace gridloom::http {

struct LiveLimits {
  std::size_t subscriptions = 256;  // of one client
  std::size_t clients_per_account = 64;
  std::size_t all_clients = 8192;
  std::size_t subscriptions_per_account = 4096;
  std::size_t all_subscriptions = std::size_t{256} * 1024;
  std::size_t field_bytes_per_account = std::size_t{1024} * 1024;
  std::size_t all_field_bytes = std::size_t{64} * 1024 * 1024;
  std::size_t devices = 4096;  // watched at once, by all clients
};

// A list of names of fields that never changes. Subscriptions of one account that name the same
// fields share one.
class LiveFields {
 public:
  // The cost of a list and of each of its names, in addition to their texts.
  static constexpr std::size_t kListBytes = 256;
  static constexpr std::size_t kNameBytes = 32;

  // `names` are sorted, without repetitions.
  LiveFields(const std::vector<std::string_view>& names, TakenBytes taken);
  LiveFields(const LiveFields&) = delete;
  LiveFields& operator=(const LiveFields&) = delete;
  ~LiveFields() = default;

  [[nodiscard]] bool contains(std::string_view name) const;

 private:
  std::string text_;
  std::vector<std::string_view> names_;  // sorted; they point into text_
  TakenBytes taken_;
};
using LiveFieldsPtr = std::shared_ptr<const LiveFields>;

class LiveAccount {
 public:
  // The limits of all accounts together.
  struct Shared {
    explicit Shared(const LiveLimits& limits);
    LiveLimits limits;
    ByteBudgetPtr clients;
    ByteBudgetPtr subscriptions;
    ByteBudgetPtr field_bytes;
  };
  LiveAccount(AccountId id, const Shared& shared);

  [[nodiscard]] AccountId id() const { return id_; }

  // The place of a client or a subscription, given back on its destruction. kConflict: there is
  // none left, by the limit that the error names.
  [[nodiscard]] Result<TakenBytes> add_client();
  [[nodiscard]] Result<TakenBytes> add_subscription();
  // The list with these names, in any order. kConflict: they are too long, as above.
  [[nodiscard]] Result<LiveFieldsPtr> fields(std::vector<std::string_view> names);

  // The account's rights to each device as a JSON object, made once for each directory.
  [[nodiscard]] SharedText rights(const std::shared_ptr<const registry::Directory>& directory);
  // How often that was made.
  [[nodiscard]] std::uint64_t rights_made() const;

 private:
  const AccountId id_;
  const LiveLimits limits_;
  const ByteBudgetPtr clients_;
  const ByteBudgetPtr subscriptions_;
  const ByteBudgetPtr field_bytes_;
  mutable std::mutex mutex_;
  StringMap<std::weak_ptr<const LiveFields>> lists_;  // by their names, in quotes
  std::size_t purge_lists_at_ = 0;
  std::weak_ptr<const registry::Directory> rights_of_;
  SharedText rights_;
  std::uint64_t rights_made_ = 0;
};
using LiveAccountPtr = std::shared_ptr<LiveAccount>;

}  // namespace gridloom::http
