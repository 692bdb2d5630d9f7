#include "app/control/device_values.h"

#include <fmt/format.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <utility>

#include "api/history/energy.h"
#include "base/immediate_loop.h"
#include "history/energy/energy_sources.h"
#include "history/energy_query.h"
#include "hub/hub.h"
#include "hub/reply_to.h"

namespace gridloom::app {
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

Result<Target> target_of(const AdminContext& context, const JsonObject& request) {
  const Json* sn = request.if_contains("sn");
  if (sn == nullptr || !sn->is_string()) return fail(ErrorCode::kBadParams, "sn is missing");
  const auto directory = context.registry.directory();
  const Device* device = directory->find_device(sn->get_string());
  if (device == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no device {}; `gridloom device list` "
                                                  "lists them",
                                                  wire::shortened(sn->get_string())));
  }
  return Target{.sn = device->sn, .number = device->number, .owner = device->owner};
}

Result<hub::Hub*> running_hub(const AdminContext& context) {
  if (context.hub != nullptr) return context.hub;
  return fail(ErrorCode::kConflict, fmt::format("no server runs on {0}, and only a running server "
                                                "has its devices: start it with `gridloom serve "
                                                "--data {0}`",
                                                context.data.string()));
}

Result<Json> parsed(std::string_view text) {
  return wire::parse_json(text, {.bytes = kMaxAnswer, .keys = kMaxMembers});
}

}  // namespace

bool waits(std::string_view op) { return op == kValuesOp || op == kSetOp || op == kEnergyOp; }

Result<Json> read_device_values(const AdminContext& context, const JsonObject& request) {
  const auto target = target_of(context, request);
  if (!target) return std::unexpected(target.error());
  const auto hub = running_hub(context);
  if (!hub) return std::unexpected(hub.error());
  const Awaited awaited;
  (*hub)->read_all(target->owner, target->sn, awaited.reply_to());
  const auto all = awaited.wait(context.stop);
  if (!all) return std::unexpected(all.error());
  auto quotas = parsed(all->text);
  if (!quotas) return std::unexpected(quotas.error());
  const Json age_ms =
      all->last_report ? Json(unix_ms(context.clock.now()) - unix_ms(*all->last_report)) : Json();
  return JsonObject{{"online", (*hub)->online(target->owner, target->sn)},
                    {"quotas", std::move(*quotas)},
                    {"ageMs", age_ms}};
}

Result<Json> set_device(const AdminContext& context, const JsonObject& request) {
  const auto target = target_of(context, request);
  if (!target) return std::unexpected(target.error());
  const auto hub = running_hub(context);
  if (!hub) return std::unexpected(hub.error());
  const Json* message = request.if_contains("message");
  if (message == nullptr || !message->is_object()) {
    return fail(ErrorCode::kBadParams, "message is missing: must be an object");
  }
  const Awaited awaited;
  (*hub)->set(target->owner, target->sn, message->get_object(), awaited.reply_to());
  const auto answer = awaited.wait(context.stop);
  if (!answer) return std::unexpected(answer.error());
  auto reply = parsed(answer->text);
  if (!reply) return std::unexpected(reply.error());
  return JsonObject{{"sn", target->sn}, {"answer", std::move(*reply)}};
}

Result<Json> read_device_energy(const AdminContext& context, const JsonObject& request) {
  const auto target = target_of(context, request);
  if (!target) return std::unexpected(target.error());
  const auto question =
      api::parse_energy_request(request, {.at = context.clock.now(), .zone = context.zone});
  if (!question) return std::unexpected(question.error());
  history::EnergyQuery query(
      {.device = target->number,
       .sources = history::EnergySources(*context.catalog.of_serial(target->sn)),
       .bounds = question->bounds});
  while (!query.done()) {
    if (context.stop.stop_requested()) return fail(ErrorCode::kIo, "the server is stopping");
    Status good;
    std::binary_semaphore ended(0);
    const bool taken = context.archive.read([&](history::Reader& reader) {
      for (const history::Slice slice; good && !query.done() && !slice.over();) {
        good = query.work(reader);
      }
      ended.release();
    });
    if (!taken) {
      return fail(ErrorCode::kConflict,
                  "too many requests for history are waiting: try again later");
    }
    ended.acquire();
    if (!good) return std::unexpected(good.error());
  }
  return parsed(api::energy_response(target->sn, query.sources(), *question, query.sums()));
}

}  // namespace gridloom::app
