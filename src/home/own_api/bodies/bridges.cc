#include "own_api/bodies/bridges.h"

namespace gridloom::api::body {

using schema::member;

const schema::Body& describe(schema::Of<BridgeFigure> /*of*/) {
  static constexpr std::array kMembers = {
      member<&BridgeFigure::name>("name", {.text = "As requests_per_hour"}),
      member<&BridgeFigure::value>("value"),
  };
  static constexpr schema::Body kBody{.name = "BridgeFigure", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Bridge> /*of*/) {
  static constexpr std::array kMembers = {
      member<&Bridge::name>("name"),
      member<&Bridge::kind>("kind", {.text = "As `gridloom bridge kinds` lists them"}),
      member<&Bridge::on>("on", {.text = "Whether it is to run"}),
      member<&Bridge::state>("state", {.text = "`elsewhere`: another node of the cluster runs it"}),
      member<&Bridge::node>(
          "node", {.text = "The node of the cluster that runs it; absent: there is no cluster"}),
      member<&Bridge::since_ms>("since",
                                {.text = "When the state began", .unit = "Unix milliseconds"}),
      member<&Bridge::last_message_ms>(
          "lastMessage", {.text = "Absent: there was none", .unit = "Unix milliseconds"}),
      member<&Bridge::in>("in", {.text = "Messages received"}),
      member<&Bridge::out>("out", {.text = "Messages sent"}),
      member<&Bridge::dropped>("dropped", {.text = "Messages that were lost to the peer"}),
      member<&Bridge::errors>("errors"),
      member<&Bridge::last_error>("lastError", {.text = "Absent: there was none"}),
      member<&Bridge::figures>("figures", {.text = "What its kind counts beside"}),
  };
  static constexpr schema::Body kBody{.name = "Bridge", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Bridges> /*of*/) {
  static constexpr std::array kMembers = {member<&Bridges::bridges>("bridges")};
  static constexpr schema::Body kBody{.name = "Bridges", .members = kMembers};
  return kBody;
}

}  // namespace gridloom::api::body
