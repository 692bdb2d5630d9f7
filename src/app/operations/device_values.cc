// The operations device.values and device.set: what a person at a terminal asks of
// one device, without a key of an account. They act as the device's owner; a set is recorded in the
// audit as the owner's, and beside it as one of the administrator.
//
// All of them wait, for a shard, a device or the disk: AdminSocket carries them out on threads of
// their own (Timing::kWaits).
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
#include "base/loop.h"
#include "catalog/natures.h"
#include "hub/hub.h"
#include "hub/platform/pending_replies.h"
#include "parameters/arguments.h"

namespace gridloom::operations {

Result<DeviceTarget> target_of(const Context& context, const Arguments& arguments) {
  const std::string sn = arguments.text("sn");
  const auto directory = context.registry.directory();
  const registry::Device* device = directory->find_device(sn);
  if (device == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no device {}; `gridloom device list` "
                                                  "lists them",
                                                  wire::shortened(sn)));
  }
  return DeviceTarget{.sn = device->sn, .number = device->number, .owner = device->owner};
}

namespace {

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
Result<Json> read_meter(const Context& context, hub::Hub& hub, const DeviceTarget& target) {
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

constexpr std::array kOneDevice = {kDeviceParameter};
constexpr std::array kSetParameters = {
    kDeviceParameter,
    Parameter{.name = "message",
              .text = "The command, as a set over HTTP has it",
              .type = Type::kObject,
              .required = true},
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
};
static_assert(are_complete(kDeviceValueOperations));

}  // namespace

std::span<const Operation> device_value_operations() { return kDeviceValueOperations; }

}  // namespace gridloom::operations
