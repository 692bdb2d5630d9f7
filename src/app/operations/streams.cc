// The operations of a running server whose answers are streams: how they begin. The
// lines that follow are sent by the admin socket (app/control/streams.h).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "hub/hub.h"
#include "parameters/arguments.h"

namespace gridloom::operations {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::size_t kMaxRecorded = 256;    // devices of a recording
constexpr std::size_t kMaxFollowed = 5'000;  // that are named; without names all are

// The named devices, or all.
Result<std::vector<std::string>> sns_in(const registry::Directory& directory,
                                        const Arguments& arguments) {
  std::vector<std::string> sns = arguments.texts("sns");
  for (const std::string& sn : sns) {
    if (directory.find_device(sn) != nullptr) continue;
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no device {}", wire::shortened(wire::to_text(Json(sn)))));
  }
  if (sns.empty()) {
    for (const registry::Device* device : directory.devices()) sns.push_back(device->sn);
  }
  return sns;
}

Result<Json> begin_recording(const Context& context, const Arguments& arguments) {
  if (context.hub == nullptr) {
    return fail(ErrorCode::kConflict, "only a running server can be recorded");
  }
  const auto directory = context.registry.directory();
  GL_TRY(auto sns, sns_in(*directory, arguments));
  std::ranges::sort(sns);
  const auto twice = std::ranges::unique(sns);
  sns.erase(twice.begin(), twice.end());
  if (sns.empty() || sns.size() > kMaxRecorded) {
    return fail(ErrorCode::kBadParams,
                fmt::format("a recording has 1 to {} devices, and this one would have {}: name "
                            "them with --device",
                            kMaxRecorded, sns.size()));
  }
  JsonArray devices;
  for (const std::string& sn : sns) {
    const registry::Device* device = directory->find_device(sn);
    JsonArray shares;
    for (const registry::Share& share : device->shares) {
      shares.push_back(JsonObject{{"account", static_cast<std::int64_t>(share.account)},
                                  {"rights", static_cast<int>(share.rights)}});
    }
    devices.push_back(JsonObject{{"sn", sn},
                                 {"family", context.catalog.of_serial(sn)->id},
                                 {"owner", static_cast<std::int64_t>(device->owner)},
                                 {"shares", std::move(shares)}});
  }
  return JsonObject{{"at", unix_ms(context.clock.now())},
                    {"devices", std::move(devices)},
                    {"sns", JsonArray(sns.begin(), sns.end())}};
}

Result<Json> begin_following(const Context& context, const Arguments& arguments) {
  if (context.hub == nullptr) {
    return fail(ErrorCode::kConflict, "only a running server has devices that report");
  }
  GL_TRY(const auto sns, sns_in(*context.registry.directory(), arguments));
  return JsonObject{{"sns", JsonArray(sns.begin(), sns.end())}};
}

constexpr Parameter devices(std::size_t most) {
  return {.name = "sns",
          .text = "Serial numbers of the devices; all if none is named",
          .type = Type::kTexts,
          .most_bytes = registry::kSnMaxBytes,
          .most_items = most};
}
constexpr std::array kRecordParameters = {devices(kMaxRecorded)};
constexpr std::array kFollowParameters = {devices(kMaxFollowed)};
constexpr std::array kHistoryParameters = {
    Parameter{.name = "sn",
              .text = "Serial number of the device",
              .type = Type::kSerialNumber,
              .required = true,
              .most_bytes = registry::kSnMaxBytes},
    Parameter{.name = "fields",
              .text = "Names of fields, separated by commas; * stands for any text",
              .most_bytes = std::size_t{64} * 1024},
    Parameter{.name = "from", .text = "Begin: a day, a time in ISO 8601, or back from now as -7d"},
    Parameter{.name = "to", .text = "End, written as from; it does not belong to the span"},
    Parameter{.name = "step", .text = "Length of a step; every reported value if it is left out"},
    Parameter{.name = "aggregate",
              .text = "mean, min, max, sum, count, last or integral of a step's values"},
    Parameter{.name = "format", .text = "json or csv; json if it is left out"},
    Parameter{.name = "points",
              .text = "At most this many points, chosen so that a curve keeps its form"},
};

constexpr std::array kStreamOperations = {
    Operation{.name = kRecordOp,
              .text = "Records the messages to and from devices",
              .parameters = kRecordParameters,
              .audit = {Recorded::kAfterwards, "record", {"sns"}},
              .function = begin_recording,
              .timing = Timing::kStreams},
    Operation{.name = kFollowOp,
              .text = "Says which devices report, come and go, as it happens",
              .parameters = kFollowParameters,
              .audit = kChangesNothing,
              .function = begin_following,
              .access = Access::kOwner,
              .timing = Timing::kStreams},
    Operation{.name = kHistoryOp,
              .text = "Shows past values of fields of a device",
              .parameters = kHistoryParameters,
              .audit = kChangesNothing,
              .access = Access::kOwner,
              .timing = Timing::kStreams},
};
static_assert(are_complete(kStreamOperations));

}  // namespace

std::span<const Operation> stream_operations() { return kStreamOperations; }

}  // namespace gridloom::operations
