// Bodies about faults of devices, and the pages of GET /api/v1/events and
// /api/v1/devices/{sn}/events.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/schema/body.h"
#include "catalog/family.h"
#include "journal/device_event.h"
#include "wire/json.h"

namespace gridloom::api {

template <>
struct schema::Words<journal::EventKind> {
  using enum journal::EventKind;
  static constexpr std::string_view kName = "EventKind";
  static constexpr std::array kValues = {kFaultBegan,  kFaultEnded, kOnline,        kOffline,
                                         kSetAnswered, kSetRefused, kSetUnanswered, kLeftOut};
};

template <>
struct schema::Words<catalog::Severity> {
  static constexpr std::string_view kName = "Severity";
  static constexpr std::array kValues = catalog::kSeverities;
};

namespace body {

struct ActiveError {
  std::string_view field;
  catalog::Severity severity{};
  std::string_view title;
  wire::Json value{};
  std::string_view text;
  schema::OrNull<std::int64_t> since_ms{};
};
const schema::Body& describe(schema::Of<ActiveError> /*of*/);

struct DeviceEvent {
  std::string_view sn;
  std::int64_t at_ms = 0;
  journal::EventKind kind{};
  // A fault has these:
  std::optional<std::string_view> field{};
  std::optional<catalog::Severity> severity{};
  std::optional<std::string> title{};
  std::optional<wire::Json> value{};
  std::optional<std::string> text{};
  std::optional<std::int64_t> since_ms{};
  // A set has these:
  std::optional<std::string_view> id{};
  std::optional<std::string_view> why{};
  // Events that were left out have this:
  std::optional<std::uint64_t> count{};
};
const schema::Body& describe(schema::Of<DeviceEvent> /*of*/);

struct EventPage {
  std::vector<DeviceEvent> events{};
  std::optional<std::string> next{};
};
const schema::Body& describe(schema::Of<EventPage> /*of*/);

}  // namespace body
}  // namespace gridloom::api
