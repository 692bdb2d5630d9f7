#include "hub/clients/access_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "base/failure_budget.h"
#include "base/printable.h"
#include "wire/json.h"

namespace gridloom::hub {
namespace {

constexpr std::size_t kClientCharacters = 120;

// Begins a new span if the one that began at `begin` is over, or the clock was set back.
bool begins(TimePoint& begin, TimePoint now, Millis span) {
  if (now - begin < span && now >= begin) return false;
  begin = now;
  return true;
}

std::string shown(std::string_view text) {
  return printable(wire::shortened(text, kClientCharacters));
}

}  // namespace

template <typename Counted>
Counted& AccessAudit::count_of(StringMap<Counted>& names, std::string name, std::size_t most) {
  if (names.size() >= most && !names.contains(name)) name.clear();
  return names[std::move(name)];
}

std::string by_session(std::int64_t number) { return fmt::format("session {}", number); }
std::string by_token(std::int64_t number) { return fmt::format("token {}", number); }
std::string by_key(std::string_view access_key) { return fmt::format("key {}", access_key); }

// The number of this client's entries left out since the last written one; none: leave out this one
// too.
std::optional<std::uint64_t> AccessAudit::admit(TimePoint now, const AccessEvent& event) {
  const std::scoped_lock lock(mutex_);
  if (begins(minute_, now, std::chrono::minutes(1))) begin_minute();
  User& user = count_of(accepted_, std::string(event.who));
  if (user.total.written >= kOfUserAMinute) {
    ++user.total.left_out;
    return std::nullopt;
  }
  const auto key = std::hash<std::string>{}(fmt::format("{}\n{}", event.what, event.client));
  auto client = std::ranges::find(user.clients, key, &Client::key);
  if (client == user.clients.end()) client = user.clients.insert(client, {.key = key});
  if (client->total.written >= kAcceptedAMinute) {
    ++client->total.left_out;
    return std::nullopt;
  }
  ++user.total.written;
  ++client->total.written;
  return std::exchange(user.total.left_out, 0) + std::exchange(client->total.left_out, 0);
}

// Entries left out are still to be reported: a user's next entry reports those of its clients. Many
// users who do not return would take the room of others, so that any next entry reports theirs.
void AccessAudit::begin_minute() {
  for (auto& [name, user] : accepted_) {
    for (const Client& client : user.clients) user.total.left_out += client.total.left_out;
    user.clients = {};
    user.total.written = 0;
  }
  std::erase_if(accepted_, [](const auto& each) { return each.second.total.left_out == 0; });
  if (accepted_.size() <= kMaxNames / 2) return;
  for (const auto& [name, user] : accepted_) left_out_ += user.total.left_out;
  accepted_.clear();
}

std::optional<std::uint64_t> AccessAudit::admit_refused(TimePoint now, const AccessEvent& event) {
  const std::scoped_lock lock(mutex_);
  if (begins(hour_, now, std::chrono::hours(1))) refused_.clear();
  if (event.account != AccountId{}) {
    // Addresses leave room for as many accounts.
    const std::string name = fmt::format("account {}", std::to_underlying(event.account));
    if (count_of(refused_, name, 2 * kMaxNames).written++ < kRefusedOfAccountAnHour) {
      return std::exchange(refused_left_out_, 0);
    }
  }
  if (begins(day_, now, std::chrono::hours(24))) refused_of_day_ = 0;
  Written& of_address = count_of(refused_, address_group(event.from));
  const bool is_admitted =
      of_address.written < kRefusedAnHour &&
      (refused_of_day_ < kRefusedADay || begins(refused_last_, now, kRefusedStep));
  if (!is_admitted) {
    ++refused_left_out_;
    return std::nullopt;
  }
  ++of_address.written;
  ++refused_of_day_;
  refused_last_ = now;
  return std::exchange(refused_left_out_, 0);
}

bool AccessAudit::is_first_use(std::string_view credential, std::string_view from, TimePoint now) {
  std::string name = fmt::format("{}\n{}", credential, address_group(from));
  const std::scoped_lock lock(mutex_);
  const auto found = uses_.find(name);
  if (found != uses_.end()) return begins(found->second, now, kUseStep);
  // Forgotten uses are recorded again, which the limits of a user's entries bound.
  if (uses_.size() >= kMaxNames) uses_.clear();
  uses_.emplace(std::move(name), now);
  return true;
}

void AccessAudit::record(journal::Journal& journal, TimePoint now, const AccessEvent& event) {
  const auto admitted = event.refused.empty() ? admit(now, event) : admit_refused(now, event);
  if (!admitted) return;
  std::uint64_t left_out = *admitted;
  if (journal.behind()) {
    left_out_ += left_out + 1;
    return;
  }
  left_out += left_out_.exchange(0);
  wire::JsonObject entry{{"at", unix_ms(now)},
                         {"what", event.what},
                         {"who", wire::shortened(event.who)},
                         {"through", event.through}};
  if (!event.by.empty()) entry["by"] = event.by;
  if (event.session != 0) entry["session"] = event.session;
  if (!event.sn.empty()) entry["sn"] = event.sn;
  if (!event.client.empty() || event.through == "mqtt") entry["client"] = shown(event.client);
  entry["from"] = event.from;
  if (event.what == "sign-in" || !event.refused.empty()) {
    entry["outcome"] = event.refused.empty() ? "accepted" : "refused";
  }
  if (!event.refused.empty()) entry["why"] = event.refused;
  if (left_out != 0) entry["leftOut"] = left_out;
  journal.append(journal::RecordKind::kAudit, wire::to_text(entry), {});
}

}  // namespace gridloom::hub
