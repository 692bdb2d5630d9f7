#include "own_api/live/live_account.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "wire/json.h"

namespace gridloom::api {
namespace {

// The amounts that each part of an account, and each token, has of its own.
constexpr LiveAmounts kOwn{.clients = 4,
                           .subscriptions = 256,
                           .field_bytes = std::size_t{16} * 1024,
                           .devices = LiveAccount::kOwnDevices};
constexpr LiveAmounts kOwnOfToken{
    .clients = 1, .subscriptions = 64, .field_bytes = std::size_t{4} * 1024, .devices = 8};
// An account may watch as many devices as it has subscriptions: there is no other limit for it.
constexpr std::size_t kAnyDevices = std::numeric_limits<std::size_t>::max();

LiveAmounts most_of_part(const LiveLimits& limits) {
  return {.clients = limits.clients_per_account,
          .subscriptions = limits.subscriptions_per_account,
          .field_bytes = limits.field_bytes_per_account,
          .devices = kAnyDevices};
}

LiveAmounts quarter_of(const LiveAmounts& most) {
  const auto quarter = [](std::size_t amount) { return std::max<std::size_t>(1, amount / 4); };
  return {.clients = quarter(most.clients),
          .subscriptions = quarter(most.subscriptions),
          .field_bytes = quarter(most.field_bytes),
          .devices = kAnyDevices};
}

LiveBudgets part_of(const LiveBudgets& whole, const LiveAmounts& most, const LiveAmounts& own) {
  const auto part = [](const ByteBudgetPtr& of, std::size_t at_most, std::size_t of_own) {
    return std::make_shared<ByteBudget>(at_most, std::min(of_own, at_most), of);
  };
  return {.clients = part(whole.clients, most.clients, own.clients),
          .subscriptions = part(whole.subscriptions, most.subscriptions, own.subscriptions),
          .field_bytes = part(whole.field_bytes, most.field_bytes, own.field_bytes),
          .devices = part(whole.devices, most.devices, own.devices)};
}

LiveShare::Part part_of(const LiveAccount::Shared& shared, std::string_view whose) {
  const LiveAmounts most = most_of_part(shared.limits);
  return {.whose = whose, .most = most, .budgets = part_of(shared.budgets, most, kOwn)};
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

struct LiveShare::Kind {
  std::string_view things;      // in words
  std::string_view of_account;  // the limits' names
  std::string_view of_all;
  std::size_t LiveAmounts::* amount;
  ByteBudgetPtr LiveBudgets::* budget;
};

LiveShare::LiveShare(LiveAccountPtr account, const Part& part, const LiveAmounts* token)
    : account_(std::move(account)),
      part_(part),
      most_(token == nullptr ? part.most : *token),
      is_of_token_(token != nullptr),
      budgets_(token == nullptr ? part.budgets : part_of(part.budgets, *token, kOwnOfToken)) {}

Result<TakenBytes> LiveShare::take(std::size_t amount, const Kind& kind) const {
  TakenBytes taken(budgets_.*kind.budget);
  if (taken.take(amount)) return taken;
  const std::size_t most = most_.*kind.amount;
  if (is_of_token_ && (budgets_.*kind.budget)->taken() + amount > most) {
    return fail(ErrorCode::kConflict,
                fmt::format("a token has at most {} {}, a quarter of limit {}", most, kind.things,
                            kind.of_account));
  }
  const std::size_t most_of_part = part_.most.*kind.amount;
  if ((part_.budgets.*kind.budget)->taken() + amount > most_of_part) {
    return fail(ErrorCode::kConflict,
                fmt::format("the {} of an account have at most {} {}: limit {}", part_.whose,
                            most_of_part, kind.things, kind.of_account));
  }
  return fail(ErrorCode::kConflict, fmt::format("all accounts together have too many {}: limit {}",
                                                kind.things, kind.of_all));
}

Result<TakenBytes> LiveShare::add_client() const {
  return take(1, {.things = "clients of the live stream",
                  .of_account = "live.clients-per-account",
                  .of_all = "live.all-clients",
                  .amount = &LiveAmounts::clients,
                  .budget = &LiveBudgets::clients});
}

Result<TakenBytes> LiveShare::add_subscription() const {
  return take(1, {.things = "subscriptions of the live stream",
                  .of_account = "live.subscriptions-per-account",
                  .of_all = "live.all-subscriptions",
                  .amount = &LiveAmounts::subscriptions,
                  .budget = &LiveBudgets::subscriptions});
}

Result<TakenBytes> LiveShare::add_device() const {
  return take(1, {.things = "devices that the live stream watches",
                  .of_account = "live.devices",
                  .of_all = "live.devices",
                  .amount = &LiveAmounts::devices,
                  .budget = &LiveBudgets::devices});
}

Result<LiveFieldsPtr> LiveShare::fields(std::vector<std::string_view> names) const {
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  std::string key;
  for (const std::string_view name : names) wire::append_quoted(key, name);
  const std::size_t bytes = LiveFields::kListBytes + LiveFields::kNameBytes * names.size() +
                            2 * key.size();  // the texts, and the key
  auto& [mutex, by_key] = *account_->field_lists();
  const std::lock_guard lock(mutex);
  if (const auto known = by_key.find(key); known != by_key.end()) {
    if (LiveFieldsPtr list = known->second.lock()) return list;
    by_key.erase(known);  // another thread destroys it at this moment
  }
  GL_TRY(auto taken,
         take(bytes, {.things = "bytes of field names in subscriptions of the live stream",
                      .of_account = "live.field-bytes-per-account",
                      .of_all = "live.all-field-bytes",
                      .amount = &LiveAmounts::field_bytes,
                      .budget = &LiveBudgets::field_bytes}));
  auto list = std::make_shared<const LiveFields>(names, std::move(key), std::move(taken),
                                                 account_->field_lists());
  by_key.emplace(list->key(), list);
  return list;
}

LiveAccount::Shared::Shared(const LiveLimits& given)
    : limits(given),
      budgets{.clients = std::make_shared<ByteBudget>(given.all_clients),
              .subscriptions = std::make_shared<ByteBudget>(given.all_subscriptions),
              .field_bytes = std::make_shared<ByteBudget>(given.all_field_bytes),
              .devices = std::make_shared<ByteBudget>(given.devices)} {}

LiveAccount::LiveAccount(AccountId id, const Shared& shared)
    : id_(id),
      token_most_(quarter_of(most_of_part(shared.limits))),
      browsers_(part_of(shared, "browsers")),
      tokens_(part_of(shared, "tokens")),
      cards_(part_of(shared, "cards")) {}

LiveSharePtr LiveAccount::share(const LiveCaller& caller) {
  const std::lock_guard lock(mutex_);
  if (const auto known = shares_.find(caller.token); known != shares_.end()) {
    if (LiveSharePtr share = known->second.lock()) return share;
  }
  std::erase_if(shares_, [](const auto& known) { return known.second.expired(); });
  const bool is_browser = caller.token.empty();
  auto made = std::make_shared<const LiveShare>(shared_from_this(),
                                                is_browser    ? browsers_
                                                : caller.card ? cards_
                                                              : tokens_,
                                                is_browser ? nullptr : &token_most_);
  shares_.emplace(caller.token, made);
  return made;
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
