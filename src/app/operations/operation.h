// An operation of administration as data: its name, its parameters with their limits, who may ask
// for it, what the audit keeps of it, and the function that carries it out.
//
// Everything that offers operations is a view of the table of them (app/operations/table.h): the
// admin socket, the command line, /api/v1/admin and its description. A row that lacks something
// does not compile: each file of rows asserts are_complete().
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ranges>
#include <span>
#include <string_view>

#include "base/result.h"
#include "journal/audit_kind.h"
#include "parameters/arguments.h"
#include "parameters/parameter.h"
#include "wire/json.h"

namespace gridloom::operations {

using parameters::Arguments;
using parameters::Parameter;
using parameters::Type;

struct Context;

// The rights that an operation asks for.
enum class Access : std::uint8_t {
  kAdministrator,  // administrators alone
  kOwner           // about a device: its owner too, once owners have a way to ask
};

// When the entry of an operation is written to the audit.
enum class Recorded : std::uint8_t {
  kUndecided,     // does not compile
  kNever,         // the operation changes nothing
  kBeforeAnswer,  // nothing is changed while entries cannot be written; the answer waits for the
                  // disk
  kAtBegin,       // whatever comes of it; nothing waits for the disk
  kAfterwards     // if it succeeded; nothing waits for the disk
};

struct Audit {
  Recorded recorded = Recorded::kUndecided;
  std::string_view kind{};  // one of journal::kAuditKinds
  // Members of the answer, or else of the request, that the entry has. No secrets.
  std::array<std::string_view, 6> facts{};
};
inline constexpr Audit kChangesNothing{.recorded = Recorded::kNever};

// How long an operation takes, and how it answers.
enum class Timing : std::uint8_t {
  kAtOnce,  // waits for the disk at most
  kWaits,   // for a device, a shard or history
  kLong,    // hours; over the admin socket only
  kStreams  // more follows the answer; over the admin socket only
};

using Function = Result<wire::Json> (*)(const Context&, const Arguments&);

// Whether the operation frees room on the disk: on a full one it is carried out though its entry
// cannot be written, and recorded once there is room.
enum class FreesRoom : std::uint8_t { kNo, kYes };

struct Operation {
  std::string_view name;  // "device.move"
  std::string_view text;  // its description: begins with a verb, ends without a full stop
  std::span<const Parameter> parameters{};
  Audit audit;
  Function function = nullptr;  // null: all of the answer is a stream
  Access access = Access::kAdministrator;
  Timing timing = Timing::kAtOnce;
  FreesRoom frees_room = FreesRoom::kNo;
};

constexpr parameters::Taker taker_of(const Operation& operation) {
  return {.name = operation.name, .declared = operation.parameters};
}

// Whether the operation changes something, so that no answer does not mean that nothing happened.
constexpr bool is_change(const Operation& operation) {
  return operation.audit.recorded == Recorded::kBeforeAnswer;
}
// Whether a request and one answer are all of it, so that HTTP offers it.
constexpr bool is_one_answer(const Operation& operation) {
  return operation.timing == Timing::kAtOnce || operation.timing == Timing::kWaits;
}

constexpr bool is_complete(const Audit& audit) {
  if (audit.recorded == Recorded::kUndecided) return false;
  if (audit.recorded == Recorded::kNever) return audit.kind.empty() && audit.facts.front().empty();
  return journal::is_audit_kind(audit.kind) && !audit.facts.front().empty();
}

constexpr bool is_complete(const Operation& operation) {
  return !operation.name.empty() && !operation.text.empty() && !operation.text.ends_with('.') &&
         is_complete(operation.audit) &&
         (operation.function != nullptr || operation.timing == Timing::kStreams) &&
         parameters::are_complete(operation.parameters);
}

// Whether nothing is missing in these rows, and no name stands there twice.
constexpr bool are_complete(std::span<const Operation> rows) {
  return std::ranges::all_of(rows, [&](const Operation& row) {
    return is_complete(row) && std::ranges::count(rows, row.name, &Operation::name) == 1;
  });
}

// Limits that several operations share.
inline constexpr double kMostInteger = 9'007'199'254'740'991;  // 2^53 - 1: exact as a double

}  // namespace gridloom::operations
