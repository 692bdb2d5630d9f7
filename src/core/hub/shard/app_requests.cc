#include "hub/shard/app_requests.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "base/printable.h"
#include "catalog/family.h"
#include "hub/platform/credentials.h"
#include "journal/audit_kind.h"

namespace gridloom::hub {
namespace {

using wire::Json;
using wire::JsonObject;

// The audit keeps this much of a set's message, and of a text that comes from a device.
constexpr std::size_t kMaxAudited_bytes = 4096;
constexpr std::size_t kMaxWhy_bytes = 400;

constexpr std::string_view kOverHttp = "http";
constexpr std::string_view kOverMqtt = "mqtt";

// Ids are compared as text, since a device answers "5" with 5 (quirk 24).
std::string id_text(const Json& id) {
  return id.is_string() ? std::string(id.get_string()) : wire::to_text(id);
}

// The members that a reply repeats (document 002, "Reply Topic's Common Field").
JsonObject common_fields(const JsonObject& request) {
  JsonObject fields;
  for (const char* key : {"id", "moduleType", "operateType"}) {
    if (const Json* value = request.if_contains(key)) fields[key] = *value;
  }
  return fields;
}

JsonObject make_reply(const JsonObject& fields, std::string_view code) {
  JsonObject reply;
  const Json* id = fields.if_contains("id");
  reply["id"] = id == nullptr ? Json(0) : wire::numeric_id(*id);
  reply["version"] = "1.0";
  for (const auto& [key, value] : fields) {
    if (key != "id") reply[key] = value;
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

// The code of a reply over MQTT (document 002, "Reply Topic's Common Field"): -1 and -2 mean one
// thing each; the others are those of HTTP.
std::string_view reply_code(const Error& error) {
  if (is_out_of_reach(error)) return "-2";
  const bool is_not_theirs =
      error.code == ErrorCode::kNoPermission || error.code == ErrorCode::kNotFound;
  return is_not_theirs ? "-1" : code_of(error.code).code;
}

Message plain(std::string payload) {
  Message message;
  message.payload = std::move(payload);
  return message;
}

std::string_view way_of(const Command& command) {
  return std::holds_alternative<HttpRequester>(command.requester) ? kOverHttp : kOverMqtt;
}

// The entry for a command: who sent it, from where, and to which device.
JsonObject entry_of(std::string_view what, const Command& command, std::string_view sn) {
  JsonObject entry{{"what", what}, {"who", command.who}, {"through", way_of(command)}, {"sn", sn}};
  if (!command.origin.by.empty()) entry["by"] = command.origin.by;
  if (!command.origin.from.empty()) entry["from"] = command.origin.from;
  return entry;
}

// The id that the account gave to a set: the next owner of the device knows it by the entries
// (home/set_recovery.h).
void add_command(JsonObject& entry, const Command& command) {
  if (command.origin.command.empty()) return;
  entry["accountId"] = std::to_underlying(command.account);
  entry["command"] = command.origin.command;
}

}  // namespace

AppRequests::AppRequests(const Parts& parts)
    : parts_(parts),
      commands_(parts.platform.config.pending_sets),
      next_id_(unix_ms(parts.platform.clock.now()) & 0x3fffffff) {}

void AppRequests::use(std::shared_ptr<const registry::Directory> directory) {
  directory_ = std::move(directory);
}

std::string AppRequests::name_of(registry::AccountId account) const {
  const registry::Account* found = directory_->find_account(account);
  return found == nullptr ? std::string() : found->name;
}

// --- over HTTP ---

std::size_t AppRequests::read_all(registry::AccountId account, const ReadAll& request,
                                  ReplyId reply) {
  const std::string& sn = request.sn;
  parts_.platform.counters.reads.fetch_add(1, std::memory_order_relaxed);
  const HttpRequester requester{
      .reply = reply,
      .request = parts_.traffic.request(TrafficEvent::Kind::kReadsAll, sn, account, {})};
  if (auto device = permitted_device(*directory_, account, sn, registry::Rights::kMonitor);
      !device) {
    answer_http(sn, requester, std::unexpected(std::move(device.error())));
    return 0;
  }
  DeviceAnswer answer{.text = "{}"};
  if (DeviceState* state = parts_.twins.find(sn).state) {
    parts_.faults.on_read_all(account, sn);
    twin::Twin& twin = parts_.faults.twin(account, sn, state->twin);
    const bool is_for_vendor = request.values == ReadAll::Of::kQuotaAll;
    if (const auto all = is_for_vendor ? twin.quota_all() : twin.all()) answer.text = all;
    if (state->last_report != TimePoint{}) answer.last_report = state->last_report;
    parts_.twins.mark_read(sn, *state);
  }
  const std::size_t bytes = answer.text.size();
  answer_http(sn, requester, std::move(answer));
  return bytes;
}

std::size_t AppRequests::read(registry::AccountId account, const Read& request, ReplyId reply) {
  const auto& [sn, quotas] = request;
  parts_.platform.counters.reads.fetch_add(1, std::memory_order_relaxed);
  SharedText body;
  if (parts_.traffic.wants(sn)) {
    const JsonObject params{{"quotas", wire::JsonArray(quotas.begin(), quotas.end())}};
    body = wire::to_text(JsonObject{{"sn", sn}, {"params", params}});
  }
  const HttpRequester requester{
      .reply = reply,
      .request = parts_.traffic.request(TrafficEvent::Kind::kReads, sn, account, std::move(body))};
  if (auto device = permitted_device(*directory_, account, sn, registry::Rights::kMonitor);
      !device) {
    answer_http(sn, requester, std::unexpected(std::move(device.error())));
    return 0;
  }
  DeviceState* state = parts_.twins.find(sn).state;
  std::string data =
      state == nullptr ? "{}" : parts_.faults.twin(account, sn, state->twin).answer(quotas);
  const std::size_t bytes = data.size();
  answer_http(sn, requester, DeviceAnswer{.text = std::move(data)});
  return bytes;
}

void AppRequests::set(registry::AccountId account, Set request, ReplyId reply) {
  auto& [sn, message, origin] = request;
  SharedText body;
  if (parts_.traffic.wants(sn)) body = wire::to_text(message);
  const HttpRequester requester{
      .reply = reply,
      .request = parts_.traffic.request(TrafficEvent::Kind::kSets, sn, account, std::move(body))};
  Command command{.requester = requester,
                  .account = account,
                  .who = name_of(account),
                  .origin = std::move(origin)};
  auto device = permitted_device(*directory_, account, sn, registry::Rights::kFull);
  if (!device) {
    record_refused_set(command, sn, device.error());
    return answer_http(sn, requester, std::unexpected(std::move(device.error())));
  }
  // `id` and `version` of an HTTP set are optional and echoed nowhere (quirk 19).
  JsonObject outgoing;
  outgoing["id"] = ++next_id_;
  outgoing["version"] = "1.0";
  for (auto& [key, value] : message) {
    if (key != "sn" && key != "id") outgoing[key] = std::move(value);
  }
  command.asked_id = outgoing["id"];
  start_set(**device, std::move(outgoing), std::move(command));
}

void AppRequests::call(registry::AccountId account, Call call, ReplyId reply) {
  const auto service = parts_.platform.services.find(call.service);
  if (service == parts_.platform.services.end()) {
    return parts_.reply({.to = reply,
                         .answer = fail(ErrorCode::kNotFound,
                                        fmt::format("there is no service {}", call.service))});
  }
  service->second(account, std::move(call.text),
                  [to = parts_.reply, reply](Result<std::string> answer) {
                    if (answer) {
                      to({.to = reply, .answer = DeviceAnswer{.text = std::move(*answer)}});
                    } else {
                      to({.to = reply, .answer = std::unexpected(std::move(answer.error()))});
                    }
                  });
}

void AppRequests::answer_http(const std::string& sn, const HttpRequester& requester,
                              Result<DeviceAnswer> answer) {
  if (answer) {
    parts_.traffic.answer(sn, requester.request, answer->text);
  } else {
    parts_.traffic.answer(sn, requester.request, answer.error());
  }
  parts_.reply({.to = requester.reply, .answer = std::move(answer)});
}

// --- over MQTT ---

std::uint64_t AppRequests::set(const Identity& who, RequestOrigin origin, const Inbound& inbound) {
  auto parsed = wire::parse_json(inbound.message->payload, parts_.platform.config.json);
  MqttRequester requester{.account = who.name, .common_fields = {}, .message = inbound.message};
  if (!parsed || !parsed->is_object()) {
    refuse_mqtt(requester, inbound.sn, Verb::kSetReply,
                {.code = ErrorCode::kBadParams,
                 .detail = parsed ? "a set is a JSON object" : parsed.error().detail});
    return 0;
  }
  JsonObject& message = parsed->get_object();
  requester.common_fields = common_fields(message);
  const Json* id = message.if_contains("id");
  Command command{.asked_id = id == nullptr ? Json("") : *id,
                  .requester = std::move(requester),
                  .account = who.account,
                  .who = name_of(who.account),
                  .origin = std::move(origin)};
  const auto device =
      permitted_device(*directory_, who.account, inbound.sn, registry::Rights::kFull);
  if (!device) {
    record_refused_set(command, inbound.sn, device.error());
    refuse_mqtt(std::get<MqttRequester>(command.requester), inbound.sn, Verb::kSetReply,
                device.error());
    return 0;
  }
  message.erase("sn");
  return start_set(**device, std::move(message), std::move(command));
}

void AppRequests::get(const Identity& who, const Inbound& inbound) {
  const auto parsed = wire::parse_json(inbound.message->payload, parts_.platform.config.json);
  const JsonObject* request = parsed ? parsed->if_object() : nullptr;
  const MqttRequester requester{
      .account = who.name,
      .common_fields = request == nullptr ? JsonObject() : common_fields(*request),
      .message = inbound.message};
  const auto refuse = [&](ErrorCode code, std::string detail) {
    refuse_mqtt(requester, inbound.sn, Verb::kGetReply,
                {.code = code, .detail = std::move(detail)});
  };
  if (request == nullptr) {
    return refuse(ErrorCode::kBadParams, parsed ? "a get is a JSON object" : parsed.error().detail);
  }
  const auto device =
      permitted_device(*directory_, who.account, inbound.sn, registry::Rights::kMonitor);
  if (!device) return refuse(device.error().code, device.error().detail);
  const Config& config = parts_.platform.config;
  const bool online = parts_.faults.online(who.account, inbound.sn);
  if (!online && config.offline_requests == OfflineRequests::kLikeTheVendor) return;
  if (!online) return refuse(ErrorCode::kOffline, inbound.sn + " is not connected");

  parts_.platform.counters.reads.fetch_add(1, std::memory_order_relaxed);
  twin::Twin& twin = parts_.faults.twin(who.account, inbound.sn, parts_.twins.at(inbound.sn).twin);
  const Json* operate = request->if_contains("operateType");
  std::string data;
  if (operate != nullptr && *operate == "latestQuotas") {
    const auto all = twin.all();
    data = fmt::format(R"({{"sn":{},"productType":{},"model":{},"online":1,"quotaMap":{}}})",
                       wire::to_text(Json(inbound.sn)), twin.family().product_type,
                       twin.family().model, all ? *all : "{}");
  } else {
    const std::vector<std::string> names = quotas_of(*request);
    if (names.empty() || names.size() > config.asked_quotas) {
      return refuse(
          ErrorCode::kBadParams,
          fmt::format("params.quotas is a list of 1 to {} quota names", config.asked_quotas));
    }
    data = twin.answer(names);
  }
  JsonObject reply = make_reply(requester.common_fields, "0");
  reply["timestamp"] = unix_ms(parts_.platform.clock.now());
  std::string text = wire::to_text(reply);
  text.back() = ',';
  text.append(R"("data":)").append(data).append(1, '}');
  parts_.fanout.answer_app(
      who.name, inbound.sn, Verb::kGetReply,
      {.like = correlated(plain(std::move(text)), *inbound.message), .qos = Qos::kAtLeastOnce});
}

void AppRequests::refuse_mqtt(const MqttRequester& requester, const std::string& sn, Verb verb,
                              const Error& why) {
  JsonObject reply = make_reply(requester.common_fields, reply_code(why));
  reply["message"] = message_of(why);
  parts_.fanout.answer_app(requester.account, sn, verb,
                           {.like = correlated(plain(wire::to_text(reply)), *requester.message),
                            .qos = Qos::kAtLeastOnce});
}

// --- sets, whichever way they came ---

Status AppRequests::may_start(const registry::Device& device, const JsonObject& message,
                              registry::AccountId account) {
  const catalog::Family& family = parts_.twins.at(device.sn).twin.family();
  GL_TRY(catalog::validate_set(family, message));
  if (!parts_.faults.online(account, device.sn)) {
    return fail(ErrorCode::kOffline, device.sn + " is not connected");
  }
  if (std::string why = commands_.refusal(device.sn, &device, account); !why.empty()) {
    return fail(ErrorCode::kOffline, std::move(why));
  }
  if (parts_.platform.journal == nullptr) return {};
  const std::string why = parts_.platform.journal->failing();
  if (why.empty()) return {};
  // The reason without the file's name, which the server's log and /healthz have.
  const std::size_t reason = why.rfind(": ");
  return fail(ErrorCode::kIo,
              fmt::format("the set is refused, because it cannot be recorded: {}",
                          reason == std::string::npos ? why : why.substr(reason + 2)));
}

std::uint64_t AppRequests::start_set(const registry::Device& device, JsonObject message,
                                     Command command) {
  Counters& counters = parts_.platform.counters;
  counters.sets.fetch_add(1, std::memory_order_relaxed);
  if (Status good = may_start(device, message, command.account); !good) {
    counters.sets_failed.fetch_add(1, std::memory_order_relaxed);
    finish(device.sn, std::move(command), std::unexpected(std::move(good.error())));
    return 0;
  }
  // The device gets the id as the app sent it, unless another app's set is pending under the same
  // id.
  command.id = id_text(command.asked_id);
  if (command.id.empty() || commands_.contains(device.sn, command.id)) {
    do command.id = std::to_string(++next_id_);
    while (commands_.contains(device.sn, command.id));
    message["id"] = next_id_;
  }
  // The MQTT 5 properties of the app's message are passed on.
  const auto* app = std::get_if<MqttRequester>(&command.requester);
  Message like = app == nullptr ? Message() : *app->message;
  like.payload = wire::to_text(message);
  JsonObject entry = entry_of(journal::audit_kind("set"), command, device.sn);
  add_command(entry, command);
  if (!command.origin.command.empty()) entry["digest"] = command.origin.digest;
  if (like.payload.size() > kMaxAudited_bytes) {
    entry["message"] = wire::shortened(like.payload, kMaxAudited_bytes);
    entry["messageBytes"] = like.payload.size();
    command.record = parts_.writer.add_audit(std::move(entry));
  } else {
    command.record = parts_.writer.add_audit(entry, like.payload);
  }
  const std::uint64_t record = command.record;
  const bool has_id = !command.origin.command.empty();
  const std::string id = command.id;
  commands_.add(device.sn, std::move(command),
                parts_.platform.steady->now() + parts_.platform.config.set_deadline);
  if (has_id) {
    parts_.gate.when_durable(
        record, [this, sn = device.sn, id, like = std::move(like)] { send_durable(sn, id, like); });
  } else {
    to_device(device, like);
  }
  return record;
}

void AppRequests::to_device(const registry::Device& device, const Message& like) {
  parts_.traffic.message(TrafficEvent::Kind::kDeviceGets, device.sn, Verb::kSet, like.payload);
  parts_.fanout.to_device(device, Verb::kSet, {.like = like, .qos = Qos::kAtLeastOnce});
}

void AppRequests::send_durable(const std::string& sn, const std::string& id, const Message& like) {
  const registry::Device* device = directory_->find_device(sn);
  if (device != nullptr && commands_.contains(sn, id)) to_device(*device, like);
}

void AppRequests::on_reply(const registry::Device& device, const Inbound& inbound) {
  const OutgoingMessage routed{
      .like = *inbound.message, .qos = inbound.options.qos, .retain = inbound.options.retain};
  const auto to_everyone = [&] { parts_.fanout.to_accounts(device, Verb::kSetReply, routed); };
  if (!commands_.waits_for(inbound.sn)) return to_everyone();
  auto parsed = wire::parse_json(inbound.message->payload, parts_.platform.config.json);
  const Json* id = parsed ? wire::member(*parsed, "id") : nullptr;
  Command* found = id == nullptr ? nullptr : commands_.find(inbound.sn, id_text(*id));
  // No set with this id is pending, or its deadline has passed.
  if (found == nullptr) return to_everyone();
  if (found->reply_dropped ||
      parts_.faults.happens(PlatformFault::kUnansweredSet, found->account, inbound.sn)) {
    found->reply_dropped = true;
    return;
  }
  Command command = *commands_.take(inbound.sn, found->id);
  DeviceReply reply{.message = *inbound.message, .code = {}};
  if (const Json* code = wire::member(*parsed, "code")) reply.code = id_text(*code);
  if (std::holds_alternative<HttpRequester>(command.requester)) {
    to_everyone();
    // A virtual device answers these codes if it does not know a selector (quirk 23), or if values
    // do not fit together.
    const bool invalid = reply.code == code_of(ErrorCode::kInvalidValue).code;
    if (!invalid && reply.code != code_of(ErrorCode::kBadParams).code) {
      return finish(inbound.sn, std::move(command), std::move(reply));
    }
    const Json* message = wire::member(*parsed, "message");
    return finish(inbound.sn, std::move(command),
                  fail(invalid ? ErrorCode::kInvalidValue : ErrorCode::kBadParams,
                       message == nullptr ? "the device refused it" : id_text(*message)));
  }
  if (id_text(command.asked_id) != command.id) {
    JsonObject& fields = parsed->get_object();
    fields["id"] = wire::numeric_id(command.asked_id);
    reply.message.payload = wire::to_text(fields);
  }
  finish(inbound.sn, std::move(command), std::move(reply));
}

void AppRequests::tick(TimePoint now) {
  while (auto expired = commands_.take_expired(now)) {
    parts_.platform.counters.sets_failed.fetch_add(1, std::memory_order_relaxed);
    finish(expired->sn, std::move(expired->command),
           fail(ErrorCode::kNoAnswer,
                fmt::format("{} did not answer within {} s", expired->sn,
                            parts_.platform.config.set_deadline.count() / 1000)));
  }
}

void AppRequests::drop_forbidden(const registry::Device& device) {
  const auto may_not_set = [&device](const Command& each) {
    return registry::Directory::rights(each.account, device) < registry::Rights::kFull;
  };
  for (Command& command : commands_.take_if(device.sn, may_not_set)) {
    Error why =
        permitted_device(*directory_, command.account, device.sn, registry::Rights::kFull).error();
    finish(device.sn, std::move(command), std::unexpected(std::move(why)));
  }
}

void AppRequests::device_replaced(const std::string& sn) {
  for (Command& command : commands_.take_all(sn)) {
    finish(sn, std::move(command), fail(ErrorCode::kNoAnswer, sn + " was removed meanwhile"));
  }
}

void AppRequests::device_left(const std::string& sn) {
  for (Command& command : commands_.take_all(sn)) {
    finish(sn, std::move(command),
           fail(ErrorCode::kNoAnswer, sn + " goes to another node; try again"));
  }
}

void AppRequests::finish(const std::string& sn, Command command, Result<DeviceReply> reply) {
  record_outcome(sn, command, reply);
  // All that the set has caused so far: also what the device reported before it replied, and the
  // outcome. A set that has no record was refused, perhaps because nothing can be recorded.
  const std::uint64_t record = command.record == 0 ? 0 : parts_.writer.last_record();
  parts_.gate.when_durable(
      record, [this, sn, command = std::move(command), reply = std::move(reply)]() mutable {
        tell_outcome(sn, command, reply);
        answer_requester(sn, std::move(command), std::move(reply));
      });
}

void AppRequests::tell_outcome(const std::string& sn, const Command& command,
                               const Result<DeviceReply>& reply) {
  using enum SetOutcome::Kind;
  SetOutcome outcome{.kind = kAnswered, .id = command.id, .account = command.account, .at = {}};
  if (!reply) {
    outcome.kind = reply.error().code == ErrorCode::kNoAnswer ? kUnanswered : kRefused;
    outcome.why = wire::shortened(reply.error().detail, kMaxWhy_bytes);
  }
  parts_.changes.set_ended(sn, parts_.twins.find(sn).state, std::move(outcome));
}

void AppRequests::answer_requester(const std::string& sn, Command command,
                                   Result<DeviceReply> reply) {
  if (const auto* http = std::get_if<HttpRequester>(&command.requester)) {
    if (!reply) return answer_http(sn, *http, std::unexpected(std::move(reply.error())));
    return answer_http(sn, *http, DeviceAnswer{.text = std::move(reply->message.payload)});
  }
  const bool is_concealed =
      !reply && is_out_of_reach(reply.error()) &&
      parts_.platform.config.offline_requests == OfflineRequests::kLikeTheVendor;
  const auto* app = std::get_if<MqttRequester>(&command.requester);
  if (is_concealed || command.reply_dropped) return;
  if (reply) {
    return parts_.fanout.answer_app(
        app->account, sn, Verb::kSetReply,
        {.like = correlated(std::move(reply->message), *app->message), .qos = Qos::kAtLeastOnce});
  }
  refuse_mqtt(*app, sn, Verb::kSetReply, reply.error());
}

// --- the audit ---

void AppRequests::record_refused_set(const Command& command, const std::string& sn,
                                     const Error& why) {
  const Platform& platform = parts_.platform;
  if (platform.journal == nullptr || platform.journal->behind()) return;
  const auto left_out = refused_sets_.admit(platform.steady->now());
  if (!left_out) return;
  JsonObject entry = entry_of(journal::audit_kind("set_refused"), command, redacted_extract(sn));
  entry["why"] = redacted(why.detail);
  if (*left_out != 0) entry["leftOut"] = *left_out;
  parts_.writer.add_audit(std::move(entry));
}

void AppRequests::record_outcome(const std::string& sn, const Command& command,
                                 const Result<DeviceReply>& reply) {
  if (parts_.platform.journal == nullptr) return;
  if (command.record == 0) {
    if (!reply) record_refused_set(command, sn, reply.error());
    return;
  }
  JsonObject entry{{"what", journal::audit_kind("set_reply")},
                   {"who", command.who},
                   {"through", way_of(command)},
                   {"sn", sn},
                   {"id", command.id}};
  add_command(entry, command);
  if (reply) {
    entry["outcome"] = "answered";
    if (reply->code) entry["code"] = wire::shortened(*reply->code);
    const std::string_view text = reply->message.payload;
    if (!command.origin.command.empty() && text.size() <= kMaxAudited_bytes) entry["reply"] = text;
  } else {
    entry["outcome"] = reply.error().code == ErrorCode::kNoAnswer ? "unanswered" : "refused";
    entry["why"] = wire::shortened(reply.error().detail, kMaxWhy_bytes);
    if (!command.origin.command.empty()) entry["error"] = gridloom::name_of(reply.error().code);
  }
  parts_.writer.add_audit(std::move(entry));
}

}  // namespace gridloom::hub
