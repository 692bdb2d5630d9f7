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

// The audit keeps this much of a set's message, and of a text that comes from a device.
constexpr std::size_t kMostAudited_bytes = 4096;
constexpr std::size_t kMostWhy_bytes = 400;

// Ids are compared as text, since a device answers "5" with 5 (quirk 24).
std::string id_text(const Json& id) {
  return id.is_string() ? std::string(id.get_string()) : wire::to_text(id);
}

// The common fields of a reply (document 002, "Reply Topic's Common Field").
JsonObject make_reply(const JsonObject& request, std::string_view code) {
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

std::string message_of(const Error& error) {
  return fmt::format("{}: {}", code_of(error.code).message, error.detail);
}

Message plain(std::string payload) {
  Message message;
  message.payload = std::move(payload);
  return message;
}

std::string_view way_of(const Command& command) {
  return std::holds_alternative<HttpRequester>(command.requester) ? "http" : "mqtt";
}

}  // namespace

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

std::string Shard::name_of(registry::AccountId account) const {
  const registry::Account* found = directory_->find_account(account);
  return found == nullptr ? std::string() : found->name;
}

void Shard::read_all(registry::AccountId account, const std::string& sn,
                     ReplyTo<QuotaBody> reply_to) {
  platform_.counters.reads.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t request = traffic_.request(TrafficEvent::What::kReadsAll, sn, account, {});
  auto device = permitted(account, sn, registry::Rights::kMonitor);
  if (!device) {
    traffic_.answer(sn, request, device.error());
    return answer<QuotaBody>(std::move(reply_to), std::unexpected(std::move(device.error())));
  }
  DeviceState* state = twins_.find(sn, *device);
  if (state != nullptr) faults_.all_was_read(account, sn);
  QuotaBody body = state == nullptr ? nullptr : faults_.twin(account, sn, state->twin).all();
  if (!body) body = std::make_shared<const std::string>("{}");
  count_effort(body->size());
  traffic_.answer(sn, request, *body);
  answer<QuotaBody>(std::move(reply_to), std::move(body));
}

void Shard::read(registry::AccountId account, const std::string& sn,
                 const std::vector<std::string>& quotas, ReplyTo<std::string> reply_to) {
  platform_.counters.reads.fetch_add(1, std::memory_order_relaxed);
  std::string body;
  if (traffic_.wants(sn)) {
    const JsonObject params{{"quotas", wire::JsonArray(quotas.begin(), quotas.end())}};
    body = wire::to_text(JsonObject{{"sn", sn}, {"params", params}});
  }
  const std::uint64_t request = traffic_.request(TrafficEvent::What::kReads, sn, account, body);
  auto device = permitted(account, sn, registry::Rights::kMonitor);
  if (!device) {
    count_effort(0);
    traffic_.answer(sn, request, device.error());
    return answer<std::string>(std::move(reply_to), std::unexpected(std::move(device.error())));
  }
  DeviceState* state = twins_.find(sn, *device);
  std::string data =
      state == nullptr ? "{}" : faults_.twin(account, sn, state->twin).answer(quotas);
  count_effort(data.size());
  traffic_.answer(sn, request, data);
  answer<std::string>(std::move(reply_to), std::move(data));
}

void Shard::set(registry::AccountId account, const std::string& sn, JsonObject message,
                ReplyTo<std::string> reply_to) {
  count_effort(0);
  const std::uint64_t request =
      traffic_.request(TrafficEvent::What::kSets, sn, account,
                       traffic_.wants(sn) ? wire::to_text(message) : std::string());
  if (auto device = permitted(account, sn, registry::Rights::kFull); !device) {
    record_refused_set(name_of(account), "http", sn, device.error());
    traffic_.answer(sn, request, device.error());
    return answer<std::string>(std::move(reply_to), std::unexpected(std::move(device.error())));
  }
  // `id` and `version` of an HTTP set are optional and echoed nowhere (quirk 19).
  JsonObject outgoing;
  outgoing["id"] = ++next_id_;
  outgoing["version"] = "1.0";
  for (const auto& [key, value] : message) {
    if (key != "sn" && key != "id") outgoing[key] = value;
  }
  Command command{.asked_id = outgoing["id"],
                  .requester = HttpRequester{.reply_to = std::move(reply_to), .request = request},
                  .account = account,
                  .who = name_of(account)};
  static_cast<void>(start_set(sn, std::move(outgoing), std::move(command)));
}

Result<std::uint64_t> Shard::start_set(const std::string& sn, JsonObject message, Command command) {
  platform_.counters.sets.fetch_add(1, std::memory_order_relaxed);
  const auto refuse = [&](Error why) -> Result<std::uint64_t> {
    platform_.counters.sets_failed.fetch_add(1, std::memory_order_relaxed);
    finish(sn, std::move(command), std::unexpected(why));
    return std::unexpected(std::move(why));
  };
  if (auto checked = catalog::check_set(twins_.at(sn).twin.family(), message); !checked) {
    return refuse(std::move(checked.error()));
  }
  if (!faults_.online(command.account, sn)) {
    return refuse({.code = ErrorCode::kOffline, .detail = sn + " is not connected"});
  }
  if (const std::string why = commands_.refusal(sn, directory_->find_device(sn), command.account);
      !why.empty()) {
    return refuse({.code = ErrorCode::kOffline, .detail = why});
  }
  if (platform_.journal != nullptr) {
    if (const std::string why = platform_.journal->failing(); !why.empty()) {
      return refuse(
          {.code = ErrorCode::kIo,
           .detail = fmt::format("the set is refused, because it cannot be recorded: {}", why)});
    }
  }
  // The device gets the id as the app sent it, unless another app's set is pending under the same
  // id.
  command.id = id_text(command.asked_id);
  if (command.id.empty() || commands_.contains(sn, command.id)) {
    do command.id = std::to_string(++next_id_);
    while (commands_.contains(sn, command.id));
    message["id"] = next_id_;
  }
  // The MQTT 5 properties of the app's message are passed on.
  const auto* app = std::get_if<MqttRequester>(&command.requester);
  Message like = app == nullptr ? Message() : *app->message;
  like.payload = wire::to_text(message);
  JsonObject entry{{"what", "set"},
                   {"who", command.who},
                   {"through", way_of(command)},
                   {"sn", sn},
                   {"message", message}};
  if (like.payload.size() > kMostAudited_bytes) {
    entry["message"] = wire::shortened(like.payload, kMostAudited_bytes);
    entry["messageBytes"] = like.payload.size();
  }
  command.record = writer_.add_audit(std::move(entry));
  const std::uint64_t record = command.record;
  commands_.add(sn, std::move(command), platform_.steady->now() + platform_.config.set_deadline);
  traffic_.message(TrafficEvent::What::kDeviceGets, sn, Verb::kSet, like.payload);
  to_device(sn, Verb::kSet, {.like = std::move(like), .qos = Qos::kAtLeastOnce});
  return record;
}

void Shard::on_account_set(const ClientPtr& client, const Inbound& inbound, Answer& answer) {
  const Identity& who = client->identity();
  auto parsed = wire::parse_json(inbound.message->payload, platform_.config.json);
  MqttRequester requester{.account = who.name, .request = {}, .message = inbound.message};
  if (!parsed || !parsed->is_object()) {
    refuse_mqtt(requester, inbound.sn, Verb::kSetReply, "-1",
                parsed ? "a set is a JSON object" : parsed.error().detail);
    return;
  }
  JsonObject& message = parsed->get_object();
  requester.request = message;
  if (const auto device = permitted(who.account, inbound.sn, registry::Rights::kFull); !device) {
    record_refused_set(name_of(who.account), "mqtt", inbound.sn, device.error());
    refuse_mqtt(requester, inbound.sn, Verb::kSetReply, "-1", message_of(device.error()));
    return;
  }
  const Json* id = message.if_contains("id");
  Command command{.asked_id = id == nullptr ? Json("") : *id,
                  .requester = std::move(requester),
                  .account = who.account,
                  .who = name_of(who.account)};
  message.erase("sn");
  if (const auto record = start_set(inbound.sn, std::move(message), std::move(command))) {
    answer.record = *record;
  }
}

void Shard::refuse_mqtt(const MqttRequester& requester, const std::string& sn, Verb verb,
                        std::string_view code, std::string_view message) {
  JsonObject reply = make_reply(requester.request, code);
  reply["message"] = message;
  answer_app(requester.account, sn, verb,
             {.like = correlated(plain(wire::to_text(reply)), *requester.message),
              .qos = Qos::kAtLeastOnce});
}

void Shard::answer_app(const std::string& certificate_account, const std::string& sn, Verb verb,
                       const OutgoingMessage& message) {
  const registry::Account* app =
      traffic_.wants(sn) ? directory_->find_certificate(certificate_account) : nullptr;
  if (app != nullptr) {
    traffic_.message(TrafficEvent::What::kAppGets, sn, verb, message.like.payload, app->id);
  }
  router_.to_apps(certificate_account, sn, verb, message);
}

void Shard::record_refused_set(std::string_view who, std::string_view through,
                               const std::string& sn, const Error& why) {
  if (platform_.journal == nullptr || platform_.journal->behind()) return;
  const auto left_out = refused_sets_.admit(platform_.steady->now());
  if (!left_out) return;
  JsonObject entry{{"what", "set_refused"},
                   {"who", who},
                   {"through", through},
                   {"sn", wire::shortened(sn)},
                   {"why", why.detail}};
  if (*left_out != 0) entry["leftOut"] = *left_out;
  writer_.add_audit(std::move(entry));
}

void Shard::record_outcome(const std::string& sn, const Command& command,
                           const Result<Message>& reply) {
  if (platform_.journal == nullptr) return;
  if (command.record == 0) {
    if (!reply) record_refused_set(command.who, way_of(command), sn, reply.error());
    return;
  }
  JsonObject entry{{"what", "set_reply"},
                   {"who", command.who},
                   {"through", way_of(command)},
                   {"sn", sn},
                   {"id", command.id}};
  if (reply) {
    entry["outcome"] = "answered";
    const auto parsed = wire::parse_json(reply->payload, platform_.config.json);
    const Json* code = parsed ? wire::member(*parsed, "code") : nullptr;
    if (code != nullptr) entry["code"] = wire::shortened(id_text(*code));
  } else {
    entry["outcome"] = reply.error().code == ErrorCode::kOffline ? "unanswered" : "refused";
    entry["why"] = wire::shortened(reply.error().detail, kMostWhy_bytes);
  }
  writer_.add_audit(std::move(entry));
}

void Shard::finish(const std::string& sn, Command command, Result<Message> reply) {
  record_outcome(sn, command, reply);
  const std::uint64_t record = command.record;
  gate_.when_durable(record,
                     [this, sn, command = std::move(command), reply = std::move(reply)]() mutable {
                       answer_requester(sn, std::move(command), std::move(reply));
                     });
}

void Shard::answer_requester(const std::string& sn, Command command, Result<Message> reply) {
  const bool concealed = !reply && reply.error().code == ErrorCode::kOffline &&
                         platform_.config.offline_requests == OfflineRequests::kLikeTheVendor;
  const auto* app = std::get_if<MqttRequester>(&command.requester);
  if (app != nullptr && (concealed || command.reply_dropped)) return;
  if (concealed) reply.error().code = ErrorCode::kBadParams;
  if (auto* http = std::get_if<HttpRequester>(&command.requester)) {
    Result<std::string> data = reply ? Result<std::string>(std::move(reply->payload))
                                     : std::unexpected(std::move(reply.error()));
    if (data) {
      traffic_.answer(sn, http->request, *data);
    } else {
      traffic_.answer(sn, http->request, data.error());
    }
    return answer<std::string>(std::move(http->reply_to), std::move(data));
  }
  if (reply) {
    return answer_app(
        app->account, sn, Verb::kSetReply,
        {.like = correlated(std::move(*reply), *app->message), .qos = Qos::kAtLeastOnce});
  }
  const Error& error = reply.error();
  refuse_mqtt(*app, sn, Verb::kSetReply, error.code == ErrorCode::kOffline ? "-2" : "-1",
              message_of(error));
}

void Shard::on_reply(const Inbound& inbound) {
  const OutgoingMessage routed{
      .like = *inbound.message, .qos = inbound.options.qos, .retain = inbound.options.retain};
  const auto parsed = wire::parse_json(inbound.message->payload, platform_.config.json);
  const Json* id = parsed ? wire::member(*parsed, "id") : nullptr;
  Command* found = id == nullptr ? nullptr : commands_.find(inbound.sn, id_text(*id));
  if (found == nullptr) {
    // No set with this id is pending, or its deadline has passed: all accounts that may read the
    // device see the reply.
    return to_accounts(inbound.sn, Verb::kSetReply, routed);
  }
  if (found->reply_dropped ||
      faults_.happens(PlatformFault::kUnansweredSet, found->account, inbound.sn)) {
    found->reply_dropped = true;
    return;
  }
  Command command = *commands_.take(inbound.sn, found->id);
  if (std::holds_alternative<HttpRequester>(command.requester)) {
    to_accounts(inbound.sn, Verb::kSetReply, routed);
    // A virtual device answers this code if it does not know a selector (quirk 23).
    const Json* code = wire::member(*parsed, "code");
    if (code != nullptr && id_text(*code) == code_of(ErrorCode::kBadParams).code) {
      const Json* message = wire::member(*parsed, "message");
      return finish(inbound.sn, std::move(command),
                    fail(ErrorCode::kBadParams,
                         message == nullptr ? "the device refused it" : id_text(*message)));
    }
    return finish(inbound.sn, std::move(command), *inbound.message);
  }
  if (id_text(command.asked_id) == command.id) {
    return finish(inbound.sn, std::move(command), *inbound.message);
  }
  JsonObject reply = parsed->get_object();
  reply["id"] = wire::numeric_id(command.asked_id);
  Message changed = *inbound.message;
  changed.payload = wire::to_text(reply);
  finish(inbound.sn, std::move(command), std::move(changed));
}

void Shard::on_account_get(const ClientPtr& client, const Inbound& inbound) {
  const Identity& who = client->identity();
  const auto parsed = wire::parse_json(inbound.message->payload, platform_.config.json);
  const MqttRequester requester{
      .account = who.name,
      .request = parsed && parsed->is_object() ? parsed->get_object() : JsonObject(),
      .message = inbound.message};
  const JsonObject& request = requester.request;
  const auto refuse = [&](std::string_view code, std::string_view message) {
    refuse_mqtt(requester, inbound.sn, Verb::kGetReply, code, message);
  };
  if (!parsed || !parsed->is_object()) {
    return refuse("-1", parsed ? "a get is a JSON object" : parsed.error().detail);
  }
  const auto device = permitted(who.account, inbound.sn, registry::Rights::kMonitor);
  if (!device) return refuse("-1", message_of(device.error()));
  const bool online = faults_.online(who.account, inbound.sn);
  if (!online && platform_.config.offline_requests == OfflineRequests::kLikeTheVendor) return;
  if (!online) return refuse("-2", "the device is offline");

  platform_.counters.reads.fetch_add(1, std::memory_order_relaxed);
  twin::Twin& twin = faults_.twin(who.account, inbound.sn, twins_.at(inbound.sn).twin);
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
  JsonObject reply = make_reply(request, "0");
  reply["timestamp"] = unix_ms(platform_.clock.now());
  std::string text = wire::to_text(reply);
  text.back() = ',';
  text.append(R"("data":)").append(data).append(1, '}');
  answer_app(
      who.name, inbound.sn, Verb::kGetReply,
      {.like = correlated(plain(std::move(text)), *inbound.message), .qos = Qos::kAtLeastOnce});
}

}  // namespace gridloom::hub
