#include "bridges/webhook/event.h"

#include <algorithm>
#include <utility>

#include "overview/fault_words.h"

namespace gridloom::bridges::webhook {
namespace {

using wire::Json;
using wire::JsonObject;

// How long a fault of an example lasted.
constexpr std::int64_t kExampleFault_ms = 60'000;
// The silence of an example.
constexpr std::int64_t kExampleSilence_ms = 300'000;

void add_fault(JsonObject& members, const Event& event) {
  const journal::DeviceEvent& fault = event.details;
  std::optional<Json> value;
  if (auto parsed = wire::parse_json(fault.text)) value = std::move(*parsed);
  const overview::FaultWords words =
      overview::fault_words(*event.device.family, fault.field, value);
  members["field"] = fault.field;
  members["severity"] = name_of(words.severity);
  members["title"] = words.title;
  if (value) members["value"] = std::move(*value);
  if (!words.text.empty()) members["text"] = words.text;
  members["since"] = fault.since_ms;
}

// A field of the family that may report a fault; empty: it has none.
std::string faulty_field(const catalog::Family& family) {
  const auto found = std::ranges::find_if(family.fields, [](const catalog::Field& each) {
    return each.error && each.name.find('*') == std::string::npos;
  });
  return found == family.fields.end() ? std::string() : found->name;
}

}  // namespace

std::string_view name_of(EventKind kind) {
  switch (kind) {
    case EventKind::kFaultBegan:
      return name_of(journal::EventKind::kFaultBegan);
    case EventKind::kFaultEnded:
      return name_of(journal::EventKind::kFaultEnded);
    case EventKind::kOnline:
      return name_of(journal::EventKind::kOnline);
    case EventKind::kOffline:
      return name_of(journal::EventKind::kOffline);
    case EventKind::kQuiet:
      return "quiet";
    case EventKind::kSetAnswered:
      return name_of(journal::EventKind::kSetAnswered);
    case EventKind::kSetRefused:
      return name_of(journal::EventKind::kSetRefused);
    case EventKind::kSetUnanswered:
      return name_of(journal::EventKind::kSetUnanswered);
  }
  return {};
}

std::optional<EventKind> kind_of(journal::EventKind kind) {
  const auto found =
      std::ranges::find(kEventKinds, name_of(kind), [](EventKind each) { return name_of(each); });
  return found == kEventKinds.end() ? std::nullopt : std::optional(*found);
}

JsonObject body_of(const Event& event, std::string_view id, std::string_view account) {
  JsonObject members{{"kind", name_of(event.kind)}, {"at", event.details.at_ms}};
  switch (event.kind) {
    case EventKind::kFaultBegan:
    case EventKind::kFaultEnded:
      add_fault(members, event);
      break;
    case EventKind::kSetAnswered:
    case EventKind::kSetRefused:
    case EventKind::kSetUnanswered:
      if (!event.details.field.empty()) members["id"] = event.details.field;
      if (!event.details.text.empty()) members["why"] = event.details.text;
      break;
    case EventKind::kQuiet:
      if (event.last_report_ms) members["lastReport"] = *event.last_report_ms;
      break;
    case EventKind::kOnline:
    case EventKind::kOffline:
      break;
  }
  return {{"id", id},
          {"account", account},
          {"device", JsonObject{{"sn", event.device.sn},
                                {"name", event.device.name},
                                {"family", event.device.family->id}}},
          {"event", std::move(members)}};
}

Event example_of(EventKind kind, EventDevice device, std::int64_t at_ms) {
  Event event{.kind = kind, .device = std::move(device), .details = {.at_ms = at_ms}};
  switch (kind) {
    case EventKind::kFaultBegan:
    case EventKind::kFaultEnded:
      event.details.since_ms = kind == EventKind::kFaultBegan ? at_ms : at_ms - kExampleFault_ms;
      event.details.field = faulty_field(*event.device.family);
      event.details.text = "1";
      break;
    case EventKind::kSetAnswered:
      event.details.field = "123456789";
      break;
    case EventKind::kSetRefused:
      event.details.field = "123456789";
      event.details.text = "the device answered with result 1";
      break;
    case EventKind::kSetUnanswered:
      event.details.field = "123456789";
      event.details.text = "the device did not answer in time";
      break;
    case EventKind::kQuiet:
      event.last_report_ms = at_ms - kExampleSilence_ms;
      break;
    case EventKind::kOnline:
    case EventKind::kOffline:
      break;
  }
  return event;
}

}  // namespace gridloom::bridges::webhook
