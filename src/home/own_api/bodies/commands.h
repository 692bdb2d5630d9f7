// Bodies about commands that were sent: the answers of POST /api/v1/devices/SN/commands, and of GET
// there and below.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/schema/body.h"
#include "home/set_book.h"
#include "wire/json.h"

namespace gridloom::api {

template <>
struct schema::Words<home::SetState> {
  using enum home::SetState;
  static constexpr std::string_view kName = "CommandState";
  static constexpr std::array kValues = {kSent,    kAnswered,   kApplied, kNotApplied,
                                         kRefused, kUnanswered, kOffline};
};

namespace body {

struct ShownField {
  std::string field;
  std::optional<wire::Json> asked{};
  std::optional<wire::Json> is{};
};
const schema::Body& describe(schema::Of<ShownField> /*of*/);

struct CommandStatus {
  std::string_view id;
  std::string_view sn;
  std::string_view epoch;
  home::SetState state{};
  bool is_final = false;
  std::string_view by;
  std::int64_t sent_ms = 0;
  std::optional<std::int64_t> answered_ms{};
  std::optional<std::int64_t> decided_ms{};
  std::vector<ShownField> fields{};
  std::optional<std::string_view> code{};
  std::optional<std::string> message{};
  std::optional<std::string_view> param{};
  std::optional<schema::RawJson> reply{};
};
const schema::Body& describe(schema::Of<CommandStatus> /*of*/);

struct CommandList {
  std::string_view epoch;
  std::vector<CommandStatus> commands{};
};
const schema::Body& describe(schema::Of<CommandList> /*of*/);

}  // namespace body
}  // namespace gridloom::api
