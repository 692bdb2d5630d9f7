#include "http/live_account.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "wire/json.h"

namespace gridloom::http {
namespace {

using registry::Rights;

// What each account has of its own.
constexpr std::size_t kOwnClients = 4;
constexpr std::size_t kOwnSubscriptions = 256;
constexpr std::size_t kOwnFieldBytes = std::size_t{16} * 1024;
constexpr std::size_t kFewLists = 16;

std::string_view rights_name(Rights rights) {
  if (rights == Rights::kOwner) return "owner";
  return rights == Rights::kFull ? "full" : "monitor";
}

ByteBudgetPtr part_of(const ByteBudgetPtr& whole, std::size_t most, std::size_t own) {
  return std::make_shared<ByteBudget>(most, std::min(own, most), whole);
}

struct What {
  std::string_view things;      // in words
  std::string_view of_account;  // the limits' names
  std::string_view of_all;
  std::size_t most = 0;  // of the account
};

Result<TakenBytes> take(const ByteBudgetPtr& budget, std::size_t amount, const What& what) {
  TakenBytes taken(budget);
  if (taken.take(amount)) return taken;
  if (budget->taken() + amount > what.most) {
    return fail(ErrorCode::kConflict, fmt::format("an account has at most {} {}: limit {}",
                                                  what.most, what.things, what.of_account));
  }
  return fail(ErrorCode::kConflict, fmt::format("all accounts together have too many {}: limit {}",
                                                what.things, what.of_all));
}

}  // namespace

LiveFields::LiveFields(const std::vector<std::string_view>& names, TakenBytes taken)
    : taken_(std::move(taken)) {
  std::size_t bytes = 0;
  for (const std::string_view name : names) bytes += name.size();
  text_.reserve(bytes);
  names_.reserve(names.size());
  for (const std::string_view name : names) text_ += name;
  std::size_t at = 0;
  for (const std::string_view name : names) {
    names_.push_back(std::string_view(text_).substr(at, name.size()));
    at += name.size();
  }
}

bool LiveFields::contains(std::string_view name) const {
  return std::ranges::binary_search(names_, name);
}

LiveAccount::Shared::Shared(const LiveLimits& given)
    : limits(given),
      clients(std::make_shared<ByteBudget>(given.all_clients)),
      subscriptions(std::make_shared<ByteBudget>(given.all_subscriptions)),
      field_bytes(std::make_shared<ByteBudget>(given.all_field_bytes)) {}

LiveAccount::LiveAccount(AccountId id, const Shared& shared)
    : id_(id),
      limits_(shared.limits),
      clients_(part_of(shared.clients, limits_.clients_per_account, kOwnClients)),
      subscriptions_(
          part_of(shared.subscriptions, limits_.subscriptions_per_account, kOwnSubscriptions)),
      field_bytes_(part_of(shared.field_bytes, limits_.field_bytes_per_account, kOwnFieldBytes)) {}

Result<TakenBytes> LiveAccount::add_client() {
  return take(clients_, 1,
              {.things = "clients of the live stream",
               .of_account = "live.clients-per-account",
               .of_all = "live.all-clients",
               .most = limits_.clients_per_account});
}

Result<TakenBytes> LiveAccount::add_subscription() {
  return take(subscriptions_, 1,
              {.things = "subscriptions of the live stream",
               .of_account = "live.subscriptions-per-account",
               .of_all = "live.all-subscriptions",
               .most = limits_.subscriptions_per_account});
}

Result<LiveFieldsPtr> LiveAccount::fields(std::vector<std::string_view> names) {
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  std::string key;
  for (const std::string_view name : names) wire::append_quoted(key, name);
  const std::size_t bytes = LiveFields::kListBytes + LiveFields::kNameBytes * names.size() +
                            2 * key.size();  // the texts, and the key
  const std::lock_guard lock(mutex_);
  if (const auto known = lists_.find(key); known != lists_.end()) {
    if (LiveFieldsPtr list = known->second.lock()) return list;
    lists_.erase(known);
  }
  // A list that has ended has given its bytes back, but its key is still here.
  if (lists_.size() >= purge_lists_at_) {
    std::erase_if(lists_, [](const auto& each) { return each.second.expired(); });
    purge_lists_at_ = 2 * lists_.size() + kFewLists;
  }
  auto taken = take(field_bytes_, bytes,
                    {.things = "bytes of field names in subscriptions of the live stream",
                     .of_account = "live.field-bytes-per-account",
                     .of_all = "live.all-field-bytes",
                     .most = limits_.field_bytes_per_account});
  if (!taken) return std::unexpected(taken.error());
  auto list = std::make_shared<const LiveFields>(names, std::move(*taken));
  lists_.emplace(std::move(key), list);
  return list;
}

SharedText LiveAccount::rights(const std::shared_ptr<const registry::Directory>& directory) {
  const std::lock_guard lock(mutex_);
  if (rights_of_.lock() == directory) return rights_;
  std::string text = "{";
  for (const auto& list : {directory->devices_of(id_), directory->shared_with(id_)}) {
    for (const registry::Device* device : list) {
      if (text.size() > 1) text += ',';
      wire::append_quoted(text, device->sn);
      text += ":\"";
      text += rights_name(registry::Directory::rights(id_, *device));
      text += '"';
    }
  }
  text += '}';
  rights_ = SharedText(std::move(text));
  rights_of_ = directory;
  ++rights_made_;
  return rights_;
}

std::uint64_t LiveAccount::rights_made() const {
  const std::lock_guard lock(mutex_);
  return rights_made_;
}

}  // namespace gridloom::http
