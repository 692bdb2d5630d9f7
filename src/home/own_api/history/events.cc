#include "own_api/history/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "api/message/params.h"
#include "overview/fault_words.h"
#include "own_api/bodies/events.h"
#include "time/grammar.h"

namespace gridloom::api {
namespace {

using journal::DeviceEvent;
using journal::EventKind;
using wire::Json;
using wire::JsonObject;

// Empty: the parameter is not given.
std::string text_of(const JsonObject& params, std::string_view key) {
  const Json* value = params.if_contains(key);
  if (value == nullptr) return {};
  return value->is_string() ? std::string(value->get_string()) : shown(*value);
}

Result<std::int64_t> time_of(const JsonObject& params, std::string_view key, const time::Now& now,
                             std::int64_t otherwise) {
  const std::string text = text_of(params, key);
  if (text.empty()) return otherwise;
  GL_TRY(const auto at, time::parse_time(text, {.name = key, .now = now, .takes_unix_ms = true}));
  return unix_ms(at);
}

template <typename Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

// "TIME-ID", as EventQuery writes it.
std::optional<history::EventPosition> position_in(std::string_view cursor) {
  history::EventPosition position;
  const std::size_t dash = cursor.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const bool is_good = read_number(cursor.substr(0, dash), position.at_ms) &&
                       read_number(cursor.substr(dash + 1), position.id);
  return is_good ? std::optional(position) : std::nullopt;
}

// kBadParams: one of the names is none of a kind.
Result<std::vector<std::string>> kinds_in(std::string_view text) {
  std::vector<std::string> kinds;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view name = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    bool is_known = false;
    std::string all;
    for (const EventKind kind : schema::Words<EventKind>::kValues) {
      is_known = is_known || name_of(kind) == name;
      all += all.empty() ? "" : ", ";
      all += name_of(kind);
    }
    if (!is_known) {
      return fail(
          ErrorCode::kBadParams,
          fmt::format("kind is {}: must be some of {}, separated by commas", shown(name), all));
    }
    kinds.emplace_back(name);
  }
  return kinds;
}

void add_fault(body::DeviceEvent& row, const home::HistoryDevice& device,
               const DeviceEvent& event) {
  std::optional<Json> value;
  if (auto parsed = wire::parse_json(event.text, {.bytes = event.text.size()})) {
    value = std::move(*parsed);
  }
  overview::FaultWords words = overview::fault_words(*device.family, event.field, value);
  row.field = event.field;
  row.severity = words.severity;
  row.title = std::move(words.title);
  row.value = value ? std::move(*value) : Json();
  row.text = std::move(words.text);
  row.since_ms = event.since_ms;
}

// Has views of both.
body::DeviceEvent row_of(const home::HistoryDevice& device, const DeviceEvent& event) {
  body::DeviceEvent row{.sn = device.sn, .at_ms = event.at_ms, .kind = event.kind};
  switch (event.kind) {
    case EventKind::kFaultBegan:
    case EventKind::kFaultEnded:
      add_fault(row, device, event);
      break;
    case EventKind::kSetAnswered:
    case EventKind::kSetRefused:
    case EventKind::kSetUnanswered:
      if (!event.field.empty()) row.id = event.field;
      if (!event.text.empty()) row.why = event.text;
      break;
    case EventKind::kLeftOut:
      row.count = event.count;
      break;
    case EventKind::kOnline:
    case EventKind::kOffline:
      break;
  }
  return row;
}

}  // namespace

Result<EventRequest> parse_event_request(const JsonObject& params, const time::Now& now) {
  EventRequest request;
  GL_TRY(const auto from, time_of(params, "from", now, 0));
  GL_TRY(const auto to, time_of(params, "to", now, std::numeric_limits<std::int64_t>::max()));
  request.from_ms = from;
  request.before = {.at_ms = to};
  if (const std::string text = text_of(params, "limit"); !text.empty()) {
    if (!read_number(text, request.limit) || request.limit < 1 ||
        request.limit > EventRequest::kMaxLimit) {
      return fail(ErrorCode::kBadParams, fmt::format("limit is {}: must be 1 to {}", shown(text),
                                                     EventRequest::kMaxLimit));
    }
  }
  GL_TRY(const auto language, language_in(params));
  request.language = language;
  GL_TRY(auto kinds, kinds_in(text_of(params, "kind")));
  request.kinds = std::move(kinds);
  if (const std::string text = text_of(params, "cursor"); !text.empty()) {
    const auto position = position_in(text);
    if (!position) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("cursor is {}: must be `next` of the page before", shown(text)));
    }
    request.before = std::min(request.before, *position);
  }
  return request;
}

Status EventQuery::work(history::Reader& reader) {
  for (const history::Slice slice(reader); !done() && !slice.over(); ++next_) {
    GL_TRY(const auto is_here, history::DeviceVisit(devices_[next_].number).enter(reader));
    if (!is_here) return {};
    std::size_t some = 0;
    const Status read = reader.each_event(devices_[next_].number, request_.from_ms, request_.before,
                                          [&](const history::StoredEvent& stored) {
                                            if (!is_wanted(stored.event.kind)) return true;
                                            found_.push_back({.device = next_, .stored = stored});
                                            return ++some <= request_.limit;
                                          });
    if (!read) return read;
    trim();
  }
  return {};
}

bool EventQuery::is_wanted(EventKind kind) const {
  return request_.kinds.empty() ||
         std::ranges::find(request_.kinds, name_of(kind)) != request_.kinds.end();
}

void EventQuery::trim() {
  std::ranges::sort(found_, std::ranges::greater(),
                    [](const Found& each) { return position_of(each.stored); });
  if (found_.size() <= request_.limit) return;
  found_.resize(request_.limit + 1);
  // Older events of the other devices are of a later page.
  request_.from_ms = std::max(request_.from_ms, found_.back().stored.event.at_ms);
}

std::string EventQuery::text() {
  const bool has_more = found_.size() > request_.limit;
  if (has_more) found_.resize(request_.limit);
  body::EventPage page;
  page.events.reserve(found_.size());
  for (const Found& each : found_) {
    page.events.push_back(row_of(devices_[each.device], each.stored.event));
  }
  if (has_more) {
    const history::EventPosition last = position_of(found_.back().stored);
    page.next = fmt::format("{}-{}", last.at_ms, last.id);
  }
  return schema::to_text(page);
}

}  // namespace gridloom::api
