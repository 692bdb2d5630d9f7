#include "own_api/bodies/events.h"

namespace gridloom::api::body {

using schema::member;

const schema::Body& describe(schema::Of<ActiveError> /*of*/) {
  static constexpr std::array kMembers = {
      member<&ActiveError::field>("field"),
      member<&ActiveError::severity>("severity"),
      member<&ActiveError::title>("title"),
      member<&ActiveError::value>("value"),
      member<&ActiveError::text>("text", {.text = "Meaning of the value"}),
      member<&ActiveError::since_ms>(
          "since", {.text = "Time of the report with which it began; null: not known",
                    .unit = "Unix milliseconds"}),
  };
  static constexpr schema::Body kBody{.name = "ActiveError", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<DeviceEvent> /*of*/) {
  static constexpr std::array kMembers = {
      member<&DeviceEvent::sn>("sn"),
      member<&DeviceEvent::at_ms>("at", {.unit = "Unix milliseconds"}),
      member<&DeviceEvent::kind>("kind"),
      member<&DeviceEvent::field>(
          "field", {.text = "This and all up to since are absent where it is no fault"}),
      member<&DeviceEvent::severity>("severity"),
      member<&DeviceEvent::title>("title"),
      member<&DeviceEvent::value>("value", {.text = "The field's value when the fault began"}),
      member<&DeviceEvent::text>("text", {.text = "Meaning of the value"}),
      member<&DeviceEvent::since_ms>(
          "since", {.text = "The beginning of the fault", .unit = "Unix milliseconds"}),
      member<&DeviceEvent::id>(
          "id", {.text = "The id of a set; absent: it is no set, or was not sent to the device"}),
      member<&DeviceEvent::why>("why", {.text = "The failure of a set; absent: there is none"}),
      member<&DeviceEvent::count>(
          "count", {.text = "How many events were more than the limit of an hour; absent: it is "
                            "not left_out"}),
  };
  static constexpr schema::Body kBody{.name = "DeviceEvent", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<EventPage> /*of*/) {
  static constexpr std::array kMembers = {
      member<&EventPage::events>("events", {.text = "The newest first"}),
      member<&EventPage::next>(
          "next", {.text = "cursor of the next page, whose events are older; absent: there is "
                           "none"}),
  };
  static constexpr schema::Body kBody{.name = "EventPage", .members = kMembers};
  return kBody;
}

}  // namespace gridloom::api::body
