// An event of a device, and the JSON body that tells it. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/family.h"
#include "journal/device_event.h"
#include "wire/json.h"

namespace gridloom::bridges::webhook {

// Those of journal::EventKind under the same names, and silence.
enum class EventKind : std::uint8_t {
  kFaultBegan,
  kFaultEnded,
  kOnline,
  kOffline,
  kQuiet,  // connected, but silent for longer than its family reports
  kSetAnswered,
  kSetRefused,
  kSetUnanswered
};
inline constexpr std::array kEventKinds = {EventKind::kFaultBegan, EventKind::kFaultEnded,
                                           EventKind::kOnline,     EventKind::kOffline,
                                           EventKind::kQuiet,      EventKind::kSetAnswered,
                                           EventKind::kSetRefused, EventKind::kSetUnanswered};
// "fault.began", "fault.ended", "online", "offline", "quiet", "set.answered", "set.refused",
// "set.unanswered"
[[nodiscard]] std::string_view name_of(EventKind kind);
// Nothing: it is none that is sent.
[[nodiscard]] std::optional<EventKind> kind_of(journal::EventKind kind);

struct EventDevice {
  std::string sn;
  std::string name;  // empty: it has none
  catalog::FamilyPtr family;
};

struct Event {
  EventKind kind{};
  EventDevice device{};
  // Its time, field, text and since; the kind is the one above.
  journal::DeviceEvent details{};
  // kQuiet. Nothing: it has not reported.
  std::optional<std::int64_t> last_report_ms{};
};

// {"id","account","device":{"sn","name","family"},"event":{"kind","at",..}}, in which the event has
// the members that /api/v1/events has. Times are Unix milliseconds by the devices' clock.
[[nodiscard]] wire::JsonObject body_of(const Event& event, std::string_view id,
                                       std::string_view account);

// An event of the kind as the device could have it, for people who write a receiver.
[[nodiscard]] Event example_of(EventKind kind, EventDevice device, std::int64_t at_ms);

}  // namespace gridloom::bridges::webhook
