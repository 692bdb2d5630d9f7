#include "hub/clients/client_events.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "wire/json.h"

namespace gridloom::hub {
namespace {

constexpr std::string_view kOther = "other";
constexpr std::size_t kDetailBytes = 300;

// Text from a client, as JSON and shortened: it cannot break a log line, nor make it long.
std::string quoted(std::string_view text, std::size_t most = 64) {
  return wire::to_text(wire::Json(wire::shortened(text, most)));
}

std::string line_of(const ClientEvent& event, std::uint64_t left_out) {
  std::string line = fmt::format("{} ({})", name_of(event.kind), event.reason);
  if (!event.user.empty()) line += fmt::format(", user {}", quoted(event.user));
  if (!event.client_id.empty()) line += fmt::format(", client id {}", quoted(event.client_id));
  if (!event.peer.empty()) line += fmt::format(", from {}", event.peer);
  if (!event.detail.empty()) line += fmt::format(": {}", quoted(event.detail, kDetailBytes));
  if (left_out != 0) line += fmt::format("; {} more of these were not logged", left_out);
  return line;
}

}  // namespace

std::string_view name_of(ClientEvent::Kind kind) {
  switch (kind) {
    case ClientEvent::Kind::kConnected:
      return "connected";
    case ClientEvent::Kind::kDisconnected:
      return "disconnected";
    case ClientEvent::Kind::kTakenOver:
      return "taken over";
    case ClientEvent::Kind::kSignInRefused:
      return "sign-in refused";
    case ClientEvent::Kind::kSubscriptionRefused:
      return "subscription refused";
    case ClientEvent::Kind::kPublicationRefused:
      return "publication refused";
    case ClientEvent::Kind::kReportRefused:
      return "report refused";
    case ClientEvent::Kind::kRequestRefused:
      break;
  }
  return "request refused";
}

void ClientEvents::set_own(std::vector<std::string> users) {
  std::ranges::sort(users);
  const std::lock_guard lock(mutex_);
  own_ = std::move(users);
}

void ClientEvents::record(const ClientEvent& event, TimePoint now) {
  std::optional<std::uint64_t> left_out;
  const bool is_usual =
      event.kind == ClientEvent::Kind::kConnected || event.kind == ClientEvent::Kind::kDisconnected;
  {
    const std::lock_guard lock(mutex_);
    OfKind& kind = kinds_[static_cast<std::size_t>(event.kind)];
    auto count = kind.counts.find(event.reason);
    if (count == kind.counts.end()) {
      const bool is_full = kind.counts.size() >= kMaxReasons;
      count = kind.counts.try_emplace(std::string(is_full ? kOther : event.reason)).first;
    }
    ++count->second;
    if (is_usual && std::ranges::binary_search(own_, event.user)) {
      spdlog::debug("client {}", line_of(event, 0));
      return;
    }
    left_out = kind.lines.admit(now);
  }
  if (left_out) spdlog::info("client {}", line_of(event, *left_out));
}

std::vector<ClientEvents::Count> ClientEvents::counts() const {
  std::vector<Count> all;
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < kKinds; ++i) {
    for (const auto& [reason, count] : kinds_[i].counts) {
      all.push_back({.kind = static_cast<ClientEvent::Kind>(i), .reason = reason, .count = count});
    }
  }
  return all;
}

bool ClientIdBudget::admit(std::string_view account, std::string_view client_id,
                           std::size_t ids_a_day, TimePoint now) {
  const std::scoped_lock lock(mutex_);
  // Also when the clock is set back: a day that comes twice has a new budget each time.
  if (const auto day = std::chrono::floor<std::chrono::days>(now); day != today_) {
    today_ = day;
    used_.clear();
  }
  auto ids = used_.find(account);
  if (ids != used_.end() && ids->second.contains(client_id)) return true;
  if ((ids == used_.end() ? 0 : ids->second.size()) >= ids_a_day) return false;
  if (ids == used_.end()) ids = used_.try_emplace(std::string(account)).first;
  ids->second.emplace(client_id);
  return true;
}

}  // namespace gridloom::hub
