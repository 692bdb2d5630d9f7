#include "api/live/live_account.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "wire/json.h"

namespace gridloom::api {
namespace {

// What each account has of its own.
constexpr std::size_t kOwnClients = 4;
constexpr std::size_t kOwnSubscriptions = 256;
constexpr std::size_t kOwnFieldBytes = std::size_t{16} * 1024;
// An account may watch as many devices as it has subscriptions: there is no other limit for it.
constexpr std::size_t kAnyDevices = std::numeric_limits<std::size_t>::max();

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

LiveFields::LiveFields(const std::vector<std::string_view>& names, std::string key,
                       TakenBytes taken, std::shared_ptr<Lists> lists)
    : key_(std::move(key)), taken_(std::move(taken)), lists_(std::move(lists)) {
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

LiveFields::~LiveFields() {
  const std::lock_guard lock(lists_->mutex);
  const auto found = lists_->by_key.find(key_);
  // A list with the same names may have come since the last subscription to this one ended.
  if (found != lists_->by_key.end() && found->second.expired()) lists_->by_key.erase(found);
}

bool LiveFields::contains(std::string_view name) const {
  return std::ranges::binary_search(names_, name);
}

LiveAccount::Shared::Shared(const LiveLimits& given)
    : limits(given),
      clients(std::make_shared<ByteBudget>(given.all_clients)),
      subscriptions(std::make_shared<ByteBudget>(given.all_subscriptions)),
      field_bytes(std::make_shared<ByteBudget>(given.all_field_bytes)),
      devices(std::make_shared<ByteBudget>(given.devices)) {}

LiveAccount::LiveAccount(AccountId id, const Shared& shared)
    : id_(id),
      limits_(shared.limits),
      clients_(part_of(shared.clients, limits_.clients_per_account, kOwnClients)),
      subscriptions_(
          part_of(shared.subscriptions, limits_.subscriptions_per_account, kOwnSubscriptions)),
      field_bytes_(part_of(shared.field_bytes, limits_.field_bytes_per_account, kOwnFieldBytes)),
      devices_(part_of(shared.devices, kAnyDevices, kOwnDevices)) {}

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

Result<TakenBytes> LiveAccount::add_device() {
  return take(devices_, 1,
              {.things = "devices that the live stream watches",
               .of_account = "live.devices",
               .of_all = "live.devices",
               .most = kAnyDevices});
}

Result<LiveFieldsPtr> LiveAccount::fields(std::vector<std::string_view> names) {
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  std::string key;
  for (const std::string_view name : names) wire::append_quoted(key, name);
  const std::size_t bytes = LiveFields::kListBytes + LiveFields::kNameBytes * names.size() +
                            2 * key.size();  // the texts, and the key
  auto& [mutex, by_key] = *lists_;
  const std::lock_guard lock(mutex);
  if (const auto known = by_key.find(key); known != by_key.end()) {
    if (LiveFieldsPtr list = known->second.lock()) return list;
    by_key.erase(known);  // another thread destroys it at this moment
  }
  auto taken = take(field_bytes_, bytes,
                    {.things = "bytes of field names in subscriptions of the live stream",
                     .of_account = "live.field-bytes-per-account",
                     .of_all = "live.all-field-bytes",
                     .most = limits_.field_bytes_per_account});
  if (!taken) return std::unexpected(taken.error());
  auto list = std::make_shared<const LiveFields>(names, std::move(key), std::move(*taken), lists_);
  by_key.emplace(list->key(), list);
  return list;
}

std::size_t LiveAccount::lists() const {
  const std::lock_guard lock(lists_->mutex);
  return lists_->by_key.size();
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
      text += name_of(registry::Directory::rights(id_, *device));
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

}  // namespace gridloom::api
