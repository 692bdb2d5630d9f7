#include "own_api/bodies/commands.h"

namespace gridloom::api::body {

using schema::member;

const schema::Body& describe(schema::Of<ShownField> /*of*/) {
  static constexpr std::array kMembers = {
      member<&ShownField::field>("field"),
      member<&ShownField::asked>(
          "asked", {.text = "The value that shows the command; absent: any that differs from the "
                            "one before does"}),
      member<&ShownField::is>(
          "is", {.text = "The value that the device reported last; absent: it has reported none"}),
  };
  static constexpr schema::Body kBody{.name = "ShownField", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<CommandStatus> /*of*/) {
  static constexpr std::array kMembers = {
      member<&CommandStatus::id>("id", {.text = "As in Idempotency-Key, or made by the server"}),
      member<&CommandStatus::sn>("sn", {.text = "Serial number"}),
      member<&CommandStatus::epoch>("epoch", {.text = "Differs after a restart of the server"}),
      member<&CommandStatus::state>("state"),
      member<&CommandStatus::is_final>("final", {.text = "The state changes no more"}),
      member<&CommandStatus::by>("by", {.text = "The session, token or key that sent it"}),
      member<&CommandStatus::sent_ms>("sentAt", {.unit = "Unix milliseconds"}),
      member<&CommandStatus::answered_ms>(
          "answeredAt", {.text = "Time of the reply, or of the end of waiting for it; absent: it "
                                 "is awaited",
                         .unit = "Unix milliseconds"}),
      member<&CommandStatus::decided_ms>(
          "decidedAt", {.text = "Absent: the state is not final", .unit = "Unix milliseconds"}),
      member<&CommandStatus::fields>(
          "fields", {.text = "Those that show the command; none: no field does, and it ends as "
                             "answered"}),
      member<&CommandStatus::code>(
          "code", {.text = "As in errors, or device_refused; absent: nothing went wrong"}),
      member<&CommandStatus::message>("message", {.text = "For people; absent as code is"}),
      member<&CommandStatus::param>(
          "param", {.text = "The parameter that is wrong; absent: none is, or not known"}),
      member<&CommandStatus::reply>(
          "reply", {.text = "The device's reply, as it sent it; absent: none came, or it is longer "
                            "than is kept"}),
  };
  static constexpr schema::Body kBody{.name = "CommandStatus", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<CommandList> /*of*/) {
  static constexpr std::array kMembers = {
      member<&CommandList::epoch>("epoch", {.text = "Differs after a restart of the server"}),
      member<&CommandList::commands>("commands", {.text = "The newest first"}),
  };
  static constexpr schema::Body kBody{.name = "CommandList", .members = kMembers};
  return kBody;
}

}  // namespace gridloom::api::body
