#include "app/operations/run.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <utility>
#include <vector>

#include "app/operations/audit.h"
#include "app/operations/operation.h"
#include "app/operations/table.h"
#include "base/nearest.h"
#include "base/printable.h"
#include "parameters/arguments.h"
#include "storage/reserve.h"

namespace gridloom::operations {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr std::size_t kMostFactBytes = 400;  // of a text

JsonObject entry_of(const Audit& audit, const Arguments& arguments, const Json& answer,
                    const Caller& caller) {
  JsonObject entry{{"what", audit.kind}, {"who", caller.who}, {"through", caller.through}};
  if (!caller.by.empty()) entry["by"] = caller.by;
  if (!caller.from.empty()) entry["from"] = caller.from;
  for (const std::string_view fact : audit.facts) {
    if (fact.empty()) continue;
    const Json* value = wire::member(answer, fact);
    if (value == nullptr) value = arguments.given().if_contains(fact);
    if (value == nullptr || *value == "") continue;
    entry[fact] =
        value->is_string() ? Json(wire::shortened(value->get_string(), kMostFactBytes)) : *value;
  }
  return entry;
}

void note(const Context& context, JsonObject entry) {
  entry["at"] = unix_ms(context.clock.now());
  context.archive.append(journal::RecordKind::kAudit, wire::to_text(entry), {});
}

Result<Json> change(const Context& context, const Operation& operation, const Arguments& arguments,
                    const Caller& caller) {
  // An operation that frees room on a full disk is carried out, and recorded once there is room.
  const bool makes_room =
      operation.frees_room == FreesRoom::kYes && storage::is_nearly_full(context.data);
  if (const std::string why = context.archive.failing(); !why.empty() && !makes_room) {
    return fail(ErrorCode::kIo,
                fmt::format("nothing was changed, because the change cannot be recorded in the "
                            "audit: {}",
                            why));
  }
  if (makes_room) storage::use_reserve(context.data);
  // Read before the operation, because a step of virtual time changes the clock.
  const std::int64_t at_ms = unix_ms(context.clock.now());
  auto answer = operation.function(context, arguments);
  if (!answer) return answer;
  JsonObject entry = entry_of(operation.audit, arguments, *answer, caller);
  entry["at"] = at_ms;
  const Status written = append_audit(context.archive, context.clock, std::move(entry));
  if (!written && answer->is_object()) {
    // The answer may hold values that are shown only once, such as keys, so it is sent anyway.
    answer->get_object()[kWarningMember] = fmt::format(
        "the change was made, but could not be recorded in the audit: its entry waits for the "
        "disk, and is lost if the server ends before ({})",
        written.error().detail);
    spdlog::error("{} was carried out, but could not be recorded in the audit yet: {}",
                  operation.name, written.error().detail);
  }
  return answer;
}

std::unexpected<Error> unknown(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Operation& each : table()) known.push_back(each.name);
  return fail(ErrorCode::kBadParams,
              fmt::format("op is \"{}\": not an operation of this server{}", redacted_extract(name),
                          did_you_mean(name, known)));
}

}  // namespace

Result<Json> run(const Context& context, std::string_view name, const JsonObject& parameters,
                 const Caller& caller) {
  const Operation* operation = find(name);
  if (operation == nullptr) return unknown(name);
  GL_TRY(const auto arguments, Arguments::check(taker_of(*operation), parameters));
  if (operation->function == nullptr) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} is answered by a stream, and only by the admin socket", name));
  }
  std::unique_lock<std::mutex> turn;
  if (operation->timing == Timing::kAtOnce) turn = std::unique_lock(*context.turn);
  switch (operation->audit.recorded) {
    case Recorded::kUndecided:  // does not compile
    case Recorded::kNever:
      return operation->function(context, arguments);
    case Recorded::kBeforeAnswer:
      return change(context, *operation, arguments, caller);
    case Recorded::kAtBegin:
      note(context, entry_of(operation->audit, arguments, {}, caller));
      return operation->function(context, arguments);
    case Recorded::kAfterwards: {
      auto answer = operation->function(context, arguments);
      if (answer) note(context, entry_of(operation->audit, arguments, *answer, caller));
      return answer;
    }
  }
  return fail(ErrorCode::kInternal, "the operation does not say what the audit keeps of it");
}

std::string operation_in(const JsonObject& request) {
  return std::string(wire::text_in(request, "op"));
}

JsonObject parameters_in(const JsonObject& request) {
  JsonObject parameters;
  for (const auto& [name, value] : request) {
    if (name != "op") parameters[name] = value;
  }
  return parameters;
}

Result<Json> administer(const Context& context, const JsonObject& request) {
  return run(context, operation_in(request), parameters_in(request));
}

}  // namespace gridloom::operations
