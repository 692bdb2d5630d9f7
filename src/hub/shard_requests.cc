// Requests of apps: reads from the twin, sets to the device, and its replies back.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/family.h"
#include "hub/shard.h"

namespace gridloom::hub {
namespace {

using wire::Json;
using wire::JsonObject;

// The audit keeps this much of a set's message.
constexpr std::size_t kMostAudited_bytes = 4096;

// Ids are compared as text, since a device answers "5" with 5 (quirk 24).
std::string id_text(const Json& id) {
  return id.is_string() ? std::string(id.get_string()) : wire::to_text(id);
}

// The common fields of a reply (document 002, "Reply Topic's Common Field").
JsonObject reply_to(const JsonObject& request, std::string_view code) {
  JsonObject reply;
  const Json* id = request.if_contains("id");
  reply["id"] = id == nullptr ? Json(0) : wire::numeric_id(*id);
  reply["version"] = "1.0";
  for (const char* key : {"moduleType", "operateType"}) {
    if (const Json* value = request.if_contains(key)) reply[key] = *value;
  }
  reply["code"] = code;
  return reply;
}

std::vector<std::string> quotas_of(const JsonObject& request) {
  std::vector<std::string> names;
  const Json* params = request.if_contains("params");
  const Json* quotas = params == nullptr ? nullptr : wire::member(*params, "quotas");
  if (quotas == nullptr || !quotas->is_array()) return names;
  for (const Json& name : quotas->get_array()) {
    if (name.is_string()) names.emplace_back(name.get_string());
  }
  return names;
}

// MQTT 5 matches a reply to its request by correlation data. Devices with 3.1.1 cannot return it,
// so the platform does.
Message correlated(Message reply, const Message& request) {
  if (!reply.correlation_data) reply.correlation_data = request.correlation_data;
  return reply;
}

std::string message_of(const Error& fault) {
  return fmt::format("{}: {}", code_of(fault.code).message, fault.detail);
}

}  // namespace

template <typename T>
void Shard::answer(ReplyTo<T> asker, Result<T> result) {
  Loop& loop = *asker.loop;
  loop.post([done = std::move(asker.done), result = std::move(result)]() mutable {
    done(std::move(result));
  });
}

Result<const registry::Device*> Shard::permitted(registry::AccountId account, std::string_view sn,
                                                 registry::Rights least) const {
  const registry::Device* device = directory_->find_device(sn);
  if (device == nullptr || registry::Directory::rights(account, *device) < least) {
    return fail(ErrorCode::kNoPermission,
                fmt::format("{} is not a device that this account may {}", wire::shortened(sn),
                            least == registry::Rights::kMonitor ? "read" : "set"));
  }
  return device;
}

void Shard::read_all(registry::AccountId account, const std::string& sn, ReplyTo<QuotaBody> asker) {
  platform_.counters.reads.fetch_add(1, std::memory_order_relaxed);
  const bool event = is_tapped(sn);
  const std::uint64_t request = ++last_request_;
  if (event) {
    emit({.what = TrafficEvent::What::kReadsAll, .sn = sn, .account = account, .request = request});
  }
  auto device = permitted(account, sn, registry::Rights::kMonitor);
  if (!device) {
    if (event) emit_answer(sn, request, std::unexpected(device.error()));
    return answer<QuotaBody>(std::move(asker), std::unexpected(std::move(device.error())));
  }
  DeviceState* state = find_state(sn, *device);
  if (state != nullptr && injected(PlatformFault::kSleepyPush, account, sn)) {
    if (!state->overlay) state->overlay = std::make_unique<FaultOverlay>();
    state->overlay->asked_at[account] = platform_.clock.now();
  }
  QuotaBody body = state == nullptr ? nullptr : twin_shown_to(account, sn, *state).all();
  if (!body) body = std::make_shared<const std::string>("{}");
  count_effort(body->size());
  if (event) emit_answer(sn, request, *body);
  answer<QuotaBody>(std::move(asker), std::move(body));
}

void Shard::read(registry::AccountId account, const std::string& sn,
                 const std::vector<std::string>& quotas, ReplyTo<std::string> asker) {
  platform_.counters.reads.fetch_add(1, std::memory_order_relaxed);
  const auto read_now = [&]() -> Result<std::string> {
    if (auto device = permitted(account, sn, registry::Rights::kMonitor); !device) {
      return std::unexpected(std::move(device.error()));
    }
    DeviceState* state = find_state(sn);
    return state == nullptr ? "{}" : twin_shown_to(account, sn, *state).answer(quotas);
  };
  Result<std::string> data = read_now();
  count_effort(data ? data->size() : 0);
  if (is_tapped(sn)) {
    const JsonObject params{{"quotas", wire::JsonArray(quotas.begin(), quotas.end())}};
    const JsonObject body{{"sn", sn}, {"params", params}};
    const std::uint64_t request = ++last_request_;
    emit({.what = TrafficEvent::What::kReads,
          .sn = sn,
          .account = account,
          .request = request,
          .text = wire::to_text(body)});
    emit_answer(sn, request, data);
  }
  answer<std::string>(std::move(asker), std::move(data));
}

void Shard::set(registry::AccountId account, const std::string& sn, JsonObject message,
                ReplyTo<std::string> asker) {
  count_effort(0);
  const std::uint64_t request = ++last_request_;
  if (is_tapped(sn)) {
    emit({.what = TrafficEvent::What::kSets,
          .sn = sn,
          .account = account,
          .request = request,
          .text = wire::to_text(message)});
  }
  if (auto device = permitted(account, sn, registry::Rights::kFull); !device) {
    record_refused_set(name_of(account), "http", sn, device.error());
    emit_answer(sn, request, std::unexpected(device.error()));
    return answer<std::string>(std::move(asker), std::unexpected(std::move(device.error())));
  }
  // `id` and `version` of an HTTP set are optional and echoed nowhere (quirk 19).
  JsonObject outgoing;
  outgoing["id"] = ++next_id_;
  outgoing["version"] = "1.0";
  for (const auto& [key, value] : message) {
    if (key != "sn" && key != "id") outgoing[key] = value;
  }
  Pending pending{.id = {},
                  .asked_id = outgoing["id"],
                  .asker = HttpRequester{.asker = std::move(asker), .request = request},
                  .account = account,
                  .who = name_of(account)};
  // If the set could not be started, finish() has already answered why.
  static_cast<void>(start_set(sn, std::move(outgoing), std::move(pending)));
}

// Accounts that the device is shared with may use half of its pending sets; the rest is left to its
// owner.
std::string Shard::guests_are_too_many(const std::string& sn, const DeviceState& state,
                                       registry::AccountId account) const {
  const registry::Device* device = directory_->find_device(sn);
  if (device == nullptr || device->owner == account) return {};
  const auto waiting = static_cast<std::size_t>(std::ranges::count_if(
      state.pending, [&](const Pending& each) { return each.account != device->owner; }));
  if (waiting < std::max<std::size_t>(platform_.config.pending_sets / 2, 1)) return {};
  return fmt::format("{} has {} sets unanswered of those whom it is shared with", sn, waiting);
}

Result<std::uint64_t> Shard::start_set(const std::string& sn, JsonObject message, Pending pending) {
  platform_.counters.sets.fetch_add(1, std::memory_order_relaxed);
  DeviceState& state = state_of(sn);
  const auto refuse = [&](Error fault) -> Result<std::uint64_t> {
    platform_.counters.sets_failed.fetch_add(1, std::memory_order_relaxed);
    finish(sn, std::move(pending), std::unexpected(fault));
    return std::unexpected(std::move(fault));
  };
  if (auto checked = catalog::check_set(state.twin.family(), message); !checked) {
    return refuse(std::move(checked.error()));
  }
  if (!seen_online(pending.account, sn)) {
    return refuse({.code = ErrorCode::kOffline, .detail = sn + " is not connected"});
  }
  if (const std::string why = guests_are_too_many(sn, state, pending.account); !why.empty()) {
    return refuse({.code = ErrorCode::kOffline, .detail = why});
  }
  if (state.pending.size() >= platform_.config.pending_sets) {
    return refuse({.code = ErrorCode::kOffline,
                   .detail = fmt::format("{} has {} sets unanswered", sn, state.pending.size())});
  }
  if (platform_.journal != nullptr) {
    if (const std::string why = platform_.journal->failing(); !why.empty()) {
      return refuse({.code = ErrorCode::kIo,
                     .detail = fmt::format("a set is written down before it is carried out, and "
                                           "the disk refuses: {}",
                                           why)});
    }
  }
  // The device gets the id as the app sent it, unless another app's set is pending under the same
  // id.
  pending.id = id_text(pending.asked_id);
  const auto waiting = [&](const std::string& id) {
    return std::ranges::find(state.pending, id, &Pending::id) != state.pending.end();
  };
  if (pending.id.empty() || waiting(pending.id)) {
    do pending.id = std::to_string(++next_id_);
    while (waiting(pending.id));
    message["id"] = next_id_;
  }
  // The MQTT 5 properties of the app's message are passed on.
  const auto* app = std::get_if<MqttRequester>(&pending.asker);
  Message like = app == nullptr ? Message() : *app->message;
  like.payload = wire::to_text(message);
  pending.serial = ++last_serial_;
  JsonObject entry{{"what", "set"},
                   {"who", pending.who},
                   {"through", app == nullptr ? "http" : "mqtt"},
                   {"sn", sn},
                   {"message", message}};
  if (like.payload.size() > kMostAudited_bytes) {
    entry["message"] = wire::shortened(like.payload, kMostAudited_bytes);
    entry["messageBytes"] = like.payload.size();
  }
  pending.record = append_audit(std::move(entry));
  const std::uint64_t record = pending.record;
  deadlines_.push_back({.at = platform_.steady->now() + platform_.config.set_deadline,
                        .sn = sn,
                        .serial = pending.serial});
  state.pending.push_back(std::move(pending));
  if (is_tapped(sn)) {
    emit({.what = TrafficEvent::What::kDeviceGets,
          .sn = sn,
          .verb = Verb::kSet,
          .text = like.payload});
  }
  to_device(sn, Verb::kSet, {.like = std::move(like), .qos = Qos::kAtLeastOnce});
  return record;
}

void Shard::on_account_set(const ClientPtr& client, const Inbound& inbound, Answer& answer) {
  const Identity& who = client->identity();
  auto parsed = wire::parse_json(inbound.message->payload, platform_.config.json);
  MqttRequester asker{.account = who.name, .request = {}, .message = inbound.message};
  if (!parsed || !parsed->is_object()) {
    refuse_mqtt(asker, inbound.sn, Verb::kSetReply, "-1",
                parsed ? "a set is a JSON object" : parsed.error().detail);
    return;
  }
  JsonObject& message = parsed->get_object();
  asker.request = message;
  if (const auto device = permitted(who.account, inbound.sn, registry::Rights::kFull); !device) {
    record_refused_set(name_of(who.account), "mqtt", inbound.sn, device.error());
    refuse_mqtt(asker, inbound.sn, Verb::kSetReply, "-1", message_of(device.error()));
    return;
  }
  const Json* id = message.if_contains("id");
  Pending pending{.id = {},
                  .asked_id = id == nullptr ? Json("") : *id,
                  .asker = std::move(asker),
                  .account = who.account,
                  .who = name_of(who.account)};
  message.erase("sn");
  if (const auto record = start_set(inbound.sn, std::move(message), std::move(pending))) {
    answer.record = *record;
  }
}

void Shard::refuse_mqtt(const MqttRequester& asker, const std::string& sn, Verb verb,
                        std::string_view code, std::string_view message) {
  JsonObject reply = reply_to(asker.request, code);
  reply["message"] = message;
  answer_app(
      asker.account, sn, verb,
      {.like = correlated(plain(wire::to_text(reply)), *asker.message), .qos = Qos::kAtLeastOnce});
}

void Shard::finish(const std::string& sn, Pending pending, Result<Message> reply) {
  if (!std::exchange(pending.outcome_recorded, true)) record_outcome(sn, pending, reply);
  if (pending.record > durable_) {
    held_answers_.push_back({.sn = sn, .pending = std::move(pending), .reply = std::move(reply)});
    return;
  }
  answer_requester(sn, std::move(pending), std::move(reply));
}

void Shard::answer_requester(const std::string& sn, Pending pending, Result<Message> reply) {
  const bool concealed = !reply && reply.error().code == ErrorCode::kOffline &&
                         platform_.config.offline_requests == OfflineRequests::kLikeTheVendor;
  if ((concealed || pending.lost) && std::holds_alternative<MqttRequester>(pending.asker)) return;
  if (concealed) reply.error().code = ErrorCode::kBadParams;
  if (auto* http = std::get_if<HttpRequester>(&pending.asker)) {
    Result<std::string> data = reply ? Result<std::string>(std::move(reply->payload))
                                     : std::unexpected(std::move(reply.error()));
    emit_answer(sn, http->request, data);
    return answer<std::string>(std::move(http->asker), std::move(data));
  }
  const auto& mqtt = std::get<MqttRequester>(pending.asker);
  if (reply) {
    return answer_app(
        mqtt.account, sn, Verb::kSetReply,
        {.like = correlated(std::move(*reply), *mqtt.message), .qos = Qos::kAtLeastOnce});
  }
  const Error& fault = reply.error();
  refuse_mqtt(mqtt, sn, Verb::kSetReply, fault.code == ErrorCode::kOffline ? "-2" : "-1",
              message_of(fault));
}

void Shard::on_reply(const Inbound& inbound, DeviceState& state) {
  const OutgoingMessage routed{
      .like = *inbound.message, .qos = inbound.options.qos, .retain = inbound.options.retain};
  const auto parsed = wire::parse_json(inbound.message->payload, platform_.config.json);
  const Json* id = parsed ? wire::member(*parsed, "id") : nullptr;
  const auto found = id == nullptr ? state.pending.end()
                                   : std::ranges::find(state.pending, id_text(*id), &Pending::id);
  if (found == state.pending.end()) {
    // No set with this id is pending, or its deadline has passed: all accounts that may read the
    // device see the reply.
    return to_accounts(inbound.sn, Verb::kSetReply, routed);
  }
  // An injected fault drops the reply: the set stays pending until its deadline.
  if (found->lost || injected(PlatformFault::kUnansweredSet, found->account, inbound.sn)) {
    found->lost = true;
    return;
  }
  Pending pending = std::move(*found);
  state.pending.erase(found);
  if (std::holds_alternative<HttpRequester>(pending.asker)) {
    to_accounts(inbound.sn, Verb::kSetReply, routed);
    // A virtual device answers this code if it does not know a selector (quirk 23).
    const Json* code = wire::member(*parsed, "code");
    if (code != nullptr && id_text(*code) == code_of(ErrorCode::kBadParams).code) {
      const Json* message = wire::member(*parsed, "message");
      return finish(inbound.sn, std::move(pending),
                    fail(ErrorCode::kBadParams,
                         message == nullptr ? "the device refused it" : id_text(*message)));
    }
    return finish(inbound.sn, std::move(pending), *inbound.message);
  }
  if (id_text(pending.asked_id) == pending.id) {
    return finish(inbound.sn, std::move(pending), *inbound.message);
  }
  JsonObject reply = parsed->get_object();
  reply["id"] = wire::numeric_id(pending.asked_id);
  Message changed = *inbound.message;
  changed.payload = wire::to_text(reply);
  finish(inbound.sn, std::move(pending), std::move(changed));
}

void Shard::on_account_get(const ClientPtr& client, const Inbound& inbound) {
  const Identity& who = client->identity();
  const auto parsed = wire::parse_json(inbound.message->payload, platform_.config.json);
  const MqttRequester asker{
      .account = who.name,
      .request = parsed && parsed->is_object() ? parsed->get_object() : JsonObject(),
      .message = inbound.message};
  const JsonObject& request = asker.request;
  const auto refuse = [&](std::string_view code, std::string_view message) {
    refuse_mqtt(asker, inbound.sn, Verb::kGetReply, code, message);
  };
  if (!parsed || !parsed->is_object()) {
    return refuse("-1", parsed ? "a get is a JSON object" : parsed.error().detail);
  }
  const auto device = permitted(who.account, inbound.sn, registry::Rights::kMonitor);
  if (!device) return refuse("-1", message_of(device.error()));
  const bool online = seen_online(who.account, inbound.sn);
  if (!online && platform_.config.offline_requests == OfflineRequests::kLikeTheVendor) return;
  if (!online) return refuse("-2", "the device is offline");

  platform_.counters.reads.fetch_add(1, std::memory_order_relaxed);
  twin::Twin& twin = twin_shown_to(who.account, inbound.sn, state_of(inbound.sn));
  const Json* operate = request.if_contains("operateType");
  std::string data;
  if (operate != nullptr && *operate == "latestQuotas") {
    const QuotaBody all = twin.all();
    data = fmt::format(R"({{"sn":{},"productType":{},"model":{},"online":1,"quotaMap":{}}})",
                       wire::to_text(Json(inbound.sn)), twin.family().product_type,
                       twin.family().model, all ? *all : "{}");
  } else {
    const std::vector<std::string> names = quotas_of(request);
    if (names.empty() || names.size() > platform_.config.asked_quotas) {
      return refuse("-1", fmt::format("params.quotas is a list of 1 to {} quota names",
                                      platform_.config.asked_quotas));
    }
    data = twin.answer(names);
  }
  JsonObject reply = reply_to(request, "0");
  reply["timestamp"] = unix_ms(platform_.clock.now());
  std::string text = wire::to_text(reply);
  text.back() = ',';
  text.append(R"("data":)").append(data).append(1, '}');
  answer_app(
      who.name, inbound.sn, Verb::kGetReply,
      {.like = correlated(plain(std::move(text)), *inbound.message), .qos = Qos::kAtLeastOnce});
}

void Shard::tick(TimePoint now) {
  release_credit();
  release_writers();
  apply_platform_faults(now);
  if (std::exchange(rights_changed_, false)) drop_devices();
  while (!deadlines_.empty() && deadlines_.front().at <= now) {
    const Deadline deadline = std::move(deadlines_.front());
    deadlines_.pop_front();
    DeviceState* state = find_state(deadline.sn);
    if (state == nullptr) continue;
    const auto found = std::ranges::find(state->pending, deadline.serial, &Pending::serial);
    if (found == state->pending.end()) continue;
    Pending pending = std::move(*found);
    state->pending.erase(found);
    platform_.counters.sets_failed.fetch_add(1, std::memory_order_relaxed);
    finish(deadline.sn, std::move(pending),
           fail(ErrorCode::kOffline, fmt::format("{} did not answer within {} s", deadline.sn,
                                                 platform_.config.set_deadline.count() / 1000)));
  }
}

}  // namespace gridloom::hub
