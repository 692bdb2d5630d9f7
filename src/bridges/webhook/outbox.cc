#include "bridges/webhook/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/clock.h"
#include "storage/states.h"
#include "wire/json.h"

namespace gridloom::bridges::webhook {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr wire::JsonLimits kLimits{
    .bytes = storage::States::kMaxBytes, .depth = 4, .keys = std::size_t{1} << 16U};

bool is_own(const Outbox::Waiting& event) { return !event.source; }

}  // namespace

Outbox::Moment waits_since(std::int64_t at_ms, Outbox::Moment now, std::int64_t now_ms) {
  return now - Millis(std::max<std::int64_t>(now_ms - at_ms, 0));
}

void Outbox::push(Waiting event) {
  const std::lock_guard lock(mutex_);
  if (std::ranges::count_if(waiting_, is_own) >= static_cast<std::ptrdiff_t>(kMostWaiting)) {
    waiting_.erase(std::ranges::find_if(waiting_, is_own));
    ++dropped_;
  }
  waiting_.push_back(std::move(event));
}

void Outbox::add(std::size_t archive, std::uint64_t through, std::vector<Waiting> events) {
  const std::lock_guard lock(mutex_);
  std::ranges::move(events, std::back_inserter(waiting_));
  read_through_[archive] = through;
}

std::optional<std::uint64_t> Outbox::read_through(std::size_t archive) const {
  const std::lock_guard lock(mutex_);
  const auto found = read_through_.find(archive);
  return found == read_through_.end() ? std::nullopt : std::optional(found->second);
}

bool Outbox::has_room() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() < kMostWaiting;
}

std::optional<Outbox::Waiting> Outbox::front(Moment now) {
  const std::lock_guard lock(mutex_);
  dropped_ += std::erase_if(
      waiting_, [now](const Waiting& each) { return now - each.since >= kLongestWait; });
  return waiting_.empty() ? std::nullopt : std::optional(waiting_.front());
}

void Outbox::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(waiting_, id, &Waiting::id);
  if (found != waiting_.end()) waiting_.erase(found);
}

std::size_t Outbox::size() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

std::uint64_t Outbox::take_dropped() {
  const std::lock_guard lock(mutex_);
  return std::exchange(dropped_, 0);
}

std::string Outbox::state(std::int64_t bridge) const {
  const std::lock_guard lock(mutex_);
  std::map<std::size_t, std::uint64_t> positions = read_through_;
  JsonArray own;
  for (const Waiting& each : waiting_) {
    if (each.source) {
      std::uint64_t& position = positions[each.source->archive];
      position = std::min(position, each.source->event - 1);
    } else {
      own.push_back(JsonObject{{"id", each.id}, {"body", each.body}, {"at", each.at_ms}});
    }
  }
  JsonObject log;
  for (const auto& [archive, position] : positions) {
    log[fmt::to_string(archive)] = static_cast<std::int64_t>(position);
  }
  return wire::to_text(
      JsonObject{{"bridge", bridge}, {"log", std::move(log)}, {"own", std::move(own)}});
}

void Outbox::restore(std::string_view state, std::int64_t bridge, Moment now, std::int64_t now_ms) {
  const auto parsed = wire::parse_json(state, kLimits);
  if (!parsed || wire::whole_in(*parsed, "bridge") != bridge) return;
  const std::lock_guard lock(mutex_);
  if (const Json* log = wire::member(*parsed, "log"); log != nullptr && log->is_object()) {
    for (const auto& [name, position] : log->get_object()) {
      std::size_t archive = 0;
      const char* const end = name.data() + name.size();
      const bool is_number = std::from_chars(name.data(), end, archive).ptr == end;
      if (!is_number || !wire::is_whole(position)) continue;
      read_through_[archive] = static_cast<std::uint64_t>(wire::whole(position));
    }
  }
  const Json* const own = wire::member(*parsed, "own");
  if (own == nullptr || !own->is_array()) return;
  for (const Json& each : own->get_array()) {
    const std::int64_t at_ms = wire::whole_in(each, "at").value_or(now_ms);
    waiting_.push_back({.id = std::string(wire::text_in(each, "id")),
                        .body = std::string(wire::text_in(each, "body")),
                        .at_ms = at_ms,
                        .since = waits_since(at_ms, now, now_ms)});
  }
}

}  // namespace gridloom::bridges::webhook
