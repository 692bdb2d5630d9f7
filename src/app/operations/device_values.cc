#include <fmt/format.h>

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "base/immediate_loop.h"
#include "catalog/natures.h"
#include "history/energy/energy_sources.h"
#include "history/energy_query.h"
#include "history/waiting_query.h"
#include "hub/hub.h"
#include "hub/platform/reply_to.h"
#include "own_api/history/energy.h"
#include "parameters/arguments.h"

namespace gridloom::operations {
namespace {

using registry::Device;
using wire::Json;
using wire::JsonObject;

constexpr std::size_t kMaxAnswer = std::size_t{64} * 1024 * 1024;  // bytes
constexpr std::size_t kMaxMembers = 10'000'000;

// The answer to a request to the hub, for a thread that waits for it.
class Awaited {
 public:
  // An abandoned request is harmless: it has a part of the shared state.
  [[nodiscard]] hub::ReplyTo<hub::DeviceAnswer> reply_to() const {
    static ImmediateLoop loop;
    return {.loop = &loop, .done = [state = state_](Result<hub::DeviceAnswer> result) {
              const std::scoped_lock lock(state->mutex);
              state->result = std::move(result);
              state->changed.notify_all();
            }};
  }
  // kIo: the server stops.
  [[nodiscard]] Result<hub::DeviceAnswer> wait(const std::stop_token& stop) const {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, stop, [this] { return state_->result.has_value(); });
    if (!state_->result) return fail(ErrorCode::kIo, "the server is stopping");
    return std::move(*state_->result);
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::optional<Result<hub::DeviceAnswer>> result;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

struct Target {
  std::string sn;
  std::int64_t number = 0;
  registry::AccountId owner{};
};

Result<Target> target_of(const Context& context, const Arguments& arguments) {
  const std::string sn = arguments.text("sn");
  const auto directory = context.registry.directory();
  const Device* device = directory->find_device(sn);
  if (device == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no device {}; `gridloom device list` "
                                                  "lists them",
                                                  wire::shortened(sn)));
  }
  return Target{.sn = device->sn, .number = device->number, .owner = device->owner};
}

Result<hub::Hub*> running_hub(const Context& context) {
  if (context.hub != nullptr) return context.hub;
  return fail(ErrorCode::kConflict, fmt::format("no server runs on {0}, and only a running server "
                                                "has its devices: start it with `gridloom serve "
                                                "--data {0}`",
                                                context.data.string()));
}

Result<Json> parsed(std::string_view text) {
  return wire::parse_json(text, {.bytes = kMaxAnswer, .keys = kMaxMembers});
}

// The household meter that the device names; null: its family names none, or it has not yet.
Result<Json> read_meter(const Context& context, hub::Hub& hub, const Target& target) {
  const catalog::Field* const field = catalog::meter_field(*context.catalog.of_serial(target.sn));
  if (field == nullptr) return Json();
  const Awaited awaited;
  hub.read(target.owner, target.sn, {field->name}, awaited.reply_to());
  GL_TRY(const auto answer, awaited.wait(context.stop));
  GL_TRY(const auto values, parsed(answer.text));
  const Json* const meter = wire::member(values, field->name);
  return meter == nullptr ? Json() : *meter;
}

Result<Json> read_device_values(const Context& context, const Arguments& arguments) {
  GL_TRY(const auto target, target_of(context, arguments));
  const auto hub = running_hub(context);
  if (!hub) return std::unexpected(hub.error());
  const Awaited awaited;
  (*hub)->read_all(target.owner, {.sn = target.sn, .values = hub::ReadAll::Of::kReported},
                   awaited.reply_to());
  GL_TRY(const auto all, awaited.wait(context.stop));
  GL_TRY(auto quotas, parsed(all.text));
  const Json age_ms =
      all.last_report ? Json(unix_ms(context.clock.now()) - unix_ms(*all.last_report)) : Json();
  GL_TRY(auto meter, read_meter(context, **hub, target));
  return JsonObject{{"online", (*hub)->online(target.owner, target.sn)},
                    {"quotas", std::move(quotas)},
                    {"ageMs", age_ms},
                    {"meter", std::move(meter)}};
}

Result<Json> set_device(const Context& context, const Arguments& arguments) {
  GL_TRY(const auto target, target_of(context, arguments));
  GL_TRY(const auto hub, running_hub(context));
  const Awaited awaited;
  hub->set(target.owner, target.sn, *arguments.object("message"), awaited.reply_to());
  GL_TRY(const auto answer, awaited.wait(context.stop));
  GL_TRY(auto reply, parsed(answer.text));
  return JsonObject{{"sn", target.sn}, {"answer", std::move(reply)}};
}

Result<Json> read_device_energy(const Context& context, const Arguments& arguments) {
  GL_TRY(const auto target, target_of(context, arguments));
  GL_TRY(const auto question,
         api::parse_energy_request(arguments.given(),
                                   {.at = context.clock.now(), .zone = context.zone}));
  history::EnergyQuery query(
      {.device = target.number,
       .sources = history::EnergySources(*context.catalog.of_serial(target.sn)),
       .bounds = question.bounds});
  GL_TRY(history::run_query(
      context.history_reads(), history::kNoAccount, [&](history::Reader& reader) -> Result<bool> {
        if (context.stop.stop_requested()) return fail(ErrorCode::kIo, "the server is stopping");
        for (const history::Slice slice(reader); !query.done() && !slice.over();) {
          GL_TRY(query.work(reader));
        }
        return query.done();
      }));
  return parsed(api::energy_response(target.sn, question, query));
}

constexpr Parameter kSn{.name = "sn",
                        .text = "Serial number of the device",
                        .type = Type::kSerialNumber,
                        .required = true,
                        .most_bytes = registry::kSnMaxBytes};
constexpr std::array kOneDevice = {kSn};
constexpr std::array kSetParameters = {
    kSn,
    Parameter{.name = "message",
              .text = "The command, as a set over HTTP has it",
              .type = Type::kObject,
              .required = true},
};
constexpr auto kPeriods = std::to_array<std::string_view>({"day", "week", "month", "year"});
constexpr std::array kEnergyParameters = {
    kSn,
    Parameter{.name = "period",
              .text = "day, week, month or year; day if it is left out",
              .type = Type::kChoice,
              .values = kPeriods},
    Parameter{.name = "from", .text = "Begin: a day, a time in ISO 8601, or back from now as -7d"},
    Parameter{.name = "to", .text = "End, written as from; it does not belong to the span"},
};

constexpr std::array kDeviceValueOperations = {
    Operation{.name = kValuesOp,
              .text = "Shows all values of a device, as it last reported them",
              .parameters = kOneDevice,
              .audit = kChangesNothing,
              .function = read_device_values,
              .access = Access::kOwner,
              .timing = Timing::kWaits},
    Operation{.name = kSetOp,
              .text = "Sends a command to a device and answers with its reply",
              .parameters = kSetParameters,
              .audit = {Recorded::kBeforeAnswer, "device.set", {"sn"}},
              .function = set_device,
              .access = Access::kOwner,
              .timing = Timing::kWaits},
    Operation{.name = kEnergyOp,
              .text = "Shows the energies of a device by hour, day, week, month or year",
              .parameters = kEnergyParameters,
              .audit = kChangesNothing,
              .function = read_device_energy,
              .access = Access::kOwner,
              .timing = Timing::kWaits},
};
static_assert(are_complete(kDeviceValueOperations));

}  // namespace

std::span<const Operation> device_value_operations() { return kDeviceValueOperations; }

}  // namespace gridloom::operations
