#include "http/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <utility>
#include <vector>

#include "http/envelope.h"

namespace gridloom::http {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr std::size_t kKeyedContexts = 4096;
constexpr std::time_t kLongestHistory_s = std::time_t{7} * 24 * 3600;

// A path may hold any bytes; an answer is JSON.
std::string printable(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

std::string shown(const Json& value) { return wire::shortened(wire::to_text(value)); }

Result<std::string> text_param(const JsonObject& object, std::string_view key,
                               std::string_view path) {
  const Json* value = object.if_contains(key);
  if (value == nullptr) {
    return fail(FaultKind::kBadParams, fmt::format("{} is missing: must be a text", path));
  }
  if (!value->is_string() || value->get_string().empty()) {
    return fail(FaultKind::kBadParams,
                fmt::format("{} is {}: must be a text", path, shown(*value)));
  }
  return std::string(value->get_string());
}

Result<const JsonObject*> params_of(const JsonObject& object) {
  const Json* params = object.if_contains("params");
  if (params == nullptr || !params->is_object()) {
    return fail(FaultKind::kBadParams, fmt::format("params is {}: must be an object",
                                                   params == nullptr ? "missing" : shown(*params)));
  }
  return &params->get_object();
}

Result<std::vector<std::string>> quotas_of(const JsonObject& object, std::size_t most) {
  const auto params = params_of(object);
  if (!params) return std::unexpected(params.error());
  const Json* quotas = (*params)->if_contains("quotas");
  if (quotas == nullptr || !quotas->is_array()) {
    return fail(FaultKind::kBadParams,
                fmt::format("params.quotas is {}: must be a list of quota names",
                            quotas == nullptr ? "missing" : shown(*quotas)));
  }
  std::vector<std::string> names;
  for (const Json& name : quotas->get_array()) {
    if (!name.is_string()) {
      return fail(FaultKind::kBadParams,
                  fmt::format("params.quotas[{}] is {}: must be a quota's name", names.size(),
                              shown(name)));
    }
    names.emplace_back(name.get_string());
  }
  if (names.size() > most) {
    return fail(FaultKind::kBadParams,
                fmt::format("params.quotas has {} names: at most {} may be asked for at once",
                            names.size(), most));
  }
  return names;
}

// "2024-06-17 00:00:00" in the server's time zone (quirk 56). The wall clock's own count tells how
// long a span is: a week in which the clocks change has an hour more or less.
struct LocalTime {
  TimePoint at;
  std::time_t wall_s = 0;
};
Result<LocalTime> local_time(const JsonObject& params, std::string_view key) {
  const std::string path = fmt::format("params.{}", key);
  const auto text = text_param(params, key, path);
  if (!text) return std::unexpected(text.error());
  std::tm parts{};
  const char* end = strptime(text->c_str(), "%Y-%m-%d %H:%M:%S", &parts);
  const std::tm asked = parts;
  parts.tm_isdst = -1;
  const std::time_t seconds = mktime(&parts);
  // mktime() makes the 31st of June the 1st of July; we do not.
  if (end == nullptr || *end != '\0' || text->size() != 19 || seconds < 0 ||
      parts.tm_mday != asked.tm_mday || parts.tm_mon != asked.tm_mon) {
    return fail(FaultKind::kBadParams,
                fmt::format("{} is {:?}: must be a time as \"2024-06-17 00:00:00\"", path,
                            wire::shortened(*text)));
  }
  std::tm wall = asked;
  return LocalTime{.at = TimePoint(std::chrono::seconds(seconds)), .wall_s = timegm(&wall)};
}

}  // namespace

struct Api::Route {
  std::string_view path;
  std::string_view methods;  // for 405's Allow
  Verb get = nullptr;
  Verb post = nullptr;
  Verb put = nullptr;
};

const Api::Route* Api::find_route(std::string_view path) {
  static constexpr std::array<Route, 6> kRoutes = {{
      {.path = "/iot-open/sign/device/list", .methods = "GET, HEAD", .get = &Api::list},
      {.path = "/iot-open/sign/certification", .methods = "GET, HEAD", .get = &Api::certification},
      {.path = "/iot-open/sign/device/quota",
       .methods = "GET, HEAD, POST, PUT",
       .get = &Api::quota,
       .post = &Api::quota,
       .put = &Api::set_quota},
      {.path = "/iot-open/sign/device/quota/all", .methods = "GET, HEAD", .get = &Api::quota_all},
      {.path = "/iot-open/sign/device/quota/data", .methods = "POST", .post = &Api::quota_data},
      {.path = "/iot-open/sign/device/system/main/sn",
       .methods = "GET, HEAD",
       .get = &Api::main_sn},
  }};
  for (const Route& route : kRoutes) {
    if (route.path == path) return &route;
  }
  return nullptr;
}

Api::Api(Options options) : options_(std::move(options)) {}

void Api::handle(Request request, Done<Response> done) {
  const bool reads = request.method == Method::kGet || request.method == Method::kHead;
  if (reads && request.path == "/healthz") {
    return done({.status = 200, .content_type = "application/json", .body = R"({"status":"ok"})"});
  }
  if (reads && request.path == "/metrics") {
    return done({.status = 200,
                 .content_type = "text/plain; version=0.0.4",
                 .body = options_.metrics ? options_.metrics() : std::string()});
  }
  const Route* route = find_route(request.path);
  if (route == nullptr) {
    return done(transport_error(
        404, fmt::format("there is nothing at {}", wire::shortened(printable(request.path)))));
  }
  Verb verb = nullptr;
  if (reads) verb = route->get;
  if (request.method == Method::kPost) verb = route->post;
  if (request.method == Method::kPut) verb = route->put;
  if (verb == nullptr) {
    Response response =
        transport_error(405, fmt::format("{} takes {}", request.path, route->methods));
    response.headers.emplace_back("Allow", std::string(route->methods));
    return done(std::move(response));
  }
  const std::string trace_id = make_trace_id();
  const wire::SignedRequest claim{.content_type = request.content_type,
                                  .query = request.query,
                                  .body = request.body,
                                  .access_key = request.access_key,
                                  .nonce = request.nonce,
                                  .timestamp = request.timestamp,
                                  .sign = request.sign};
  auto account = signed_by(claim);
  if (!account) return done(failure(account.error(), trace_id));
  if (options_.rate != nullptr) {
    if (const auto wait = options_.rate->wait(claim.access_key, now())) {
      return done(too_many_requests(*wait));
    }
  }
  auto params = wire::parameters_of(claim, options_.signing);
  if (!params) return done(failure(params.error(), trace_id));
  (this->*verb)({.request = std::move(request),
                 .params = std::move(*params),
                 .account = *account,
                 .trace_id = trace_id,
                 .done = std::move(done)});
}

Result<registry::AccountId> Api::signed_by(const wire::SignedRequest& request) {
  if (request.access_key.empty()) {
    return fail(FaultKind::kUnknownKey, "the header accessKey is missing");
  }
  const auto directory = options_.hub->platform().registry.directory();
  const registry::AccessKey* key = directory->find_key(request.access_key);
  if (key == nullptr) {
    macs_.erase(std::string(request.access_key));
    return fail(FaultKind::kUnknownKey, "no account has this access key");
  }
  const auto mac = mac_of(*key);
  if (!mac) return std::unexpected(mac.error());
  if (Status good = wire::verify(request, **mac, options_.signing); !good)
    return std::unexpected(good.error());
  if (options_.replays != nullptr) {
    if (Status first = options_.replays->admit(request, now()); !first) {
      return std::unexpected(first.error());
    }
  }
  return key->account;
}

TimePoint Api::now() const { return options_.hub->platform().clock.now(); }

Response Api::too_many_requests(Millis wait) const {
  Response response = transport_error(
      429, fmt::format("this access key may ask {} times a second", options_.rate->per_second()));
  // In whole seconds: a client that keeps to it is never early.
  response.headers.emplace_back("Retry-After", std::to_string((wait.count() + 999) / 1000));
  return response;
}

Result<wire::KeyedMac*> Api::mac_of(const registry::AccessKey& key) {
  const auto found = macs_.find(key.access_key);
  if (found != macs_.end() && found->second.secret.matches(key.secret_key.reveal())) {
    return &found->second.mac;
  }
  if (macs_.size() >= kKeyedContexts) macs_.clear();
  auto mac = wire::KeyedMac::make(key.secret_key);
  if (!mac) return std::unexpected(mac.error());
  Keyed keyed{.secret = key.secret_key, .mac = std::move(*mac)};
  return &macs_.insert_or_assign(key.access_key, std::move(keyed)).first->second.mac;
}

template <typename T>
hub::Asker<T> Api::asker_of(Call call) const {
  return {.loop = options_.loop,
          .done = [done = std::move(call.done),
                   trace_id = std::move(call.trace_id)](Result<T> result) mutable {
            if (!result) return done(failure(result.error(), trace_id));
            if constexpr (std::is_same_v<T, std::string>) {
              done(success(*result, trace_id));
            } else {
              done(success(**result, trace_id));
            }
          }};
}

void Api::list(Call call) const {
  const hub::Platform& platform = options_.hub->platform();
  const auto directory = platform.registry.directory();
  wire::JsonArray rows;
  // Its own only: shared ones are not listed (document 002, "Query the user's bound device list").
  for (const registry::Device* device : directory->devices_of(call.account)) {
    JsonObject row{{"sn", device->sn},
                   {"deviceName", device->name},
                   {"online", platform.presence.online(device->sn) ? 1 : 0},
                   {"productName", platform.catalog->of_serial(device->sn)->product}};
    rows.emplace_back(std::move(row));
  }
  call.done(success(wire::to_text(rows), call.trace_id));
}

void Api::certification(Call call) const {
  const auto directory = options_.hub->platform().registry.directory();
  const registry::Account* account = directory->find_account(call.account);
  if (account == nullptr) {
    return call.done(failure({.kind = FaultKind::kUnknownKey, .detail = {}}, call.trace_id));
  }
  const MqttPlace& mqtt = options_.mqtt;
  std::string host = mqtt.public_host.empty() ? call.request.host : mqtt.public_host;
  if (host.empty()) host = "localhost";
  call.done(success(
      wire::to_text(JsonObject{{"certificateAccount", account->certificate_account},
                               {"certificatePassword", account->certificate_password.reveal()},
                               {"url", host},
                               {"port", std::to_string(mqtt.port)},
                               {"protocol", mqtt.secure ? "mqtts" : "mqtt"}}),
      call.trace_id));
}

void Api::quota(Call call) const {
  auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return call.done(failure(sn.error(), call.trace_id));
  auto quotas = quotas_of(call.params, options_.hub->platform().config.asked_quotas);
  if (!quotas) return call.done(failure(quotas.error(), call.trace_id));
  const registry::AccountId account = call.account;
  options_.hub->read(account, std::move(*sn), std::move(*quotas),
                     asker_of<std::string>(std::move(call)));
}

void Api::set_quota(Call call) const {
  auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return call.done(failure(sn.error(), call.trace_id));
  JsonObject message = std::move(call.params);
  const registry::AccountId account = call.account;
  options_.hub->set(account, std::move(*sn), std::move(message),
                    asker_of<std::string>(std::move(call)));
}

void Api::quota_all(Call call) const {
  auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return call.done(failure(sn.error(), call.trace_id));
  const registry::AccountId account = call.account;
  options_.hub->read_all(account, std::move(*sn), asker_of<hub::QuotaBody>(std::move(call)));
}

void Api::quota_data(Call call) const {
  const auto refuse = [&call](const Fault& fault) { call.done(failure(fault, call.trace_id)); };
  auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return refuse(sn.error());
  const auto params = params_of(call.params);
  if (!params) return refuse(params.error());
  auto code = text_param(**params, "code", "params.code");
  if (!code) return refuse(code.error());
  const auto from = local_time(**params, "beginTime");
  if (!from) return refuse(from.error());
  const auto to = local_time(**params, "endTime");
  if (!to) return refuse(to.error());
  if (to->wall_s < from->wall_s) {
    return refuse(
        {.kind = FaultKind::kBadParams, .detail = "params.endTime is before params.beginTime"});
  }
  if (to->wall_s - from->wall_s > kLongestHistory_s) {
    return refuse({.kind = FaultKind::kBadParams,
                   .detail = "params.beginTime to params.endTime is over a week"});
  }
  // A second response sits inside `data` (quirk 15).
  Done<Response> done = std::move(call.done);
  const std::string trace_id = call.trace_id;
  options_.hub->history(
      call.account, std::move(*sn), std::move(*code), from->at, to->at,
      {.loop = options_.loop,
       .done = [done = std::move(done), trace_id](Result<std::string> result) mutable {
         if (!result) return done(failure(result.error(), trace_id));
         done(success(success(*result, trace_id).body, trace_id));
       }});
}

void Api::main_sn(Call call) const {
  auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return call.done(failure(sn.error(), call.trace_id));
  const auto directory = options_.hub->platform().registry.directory();
  const registry::Device* device = directory->find_device(*sn);
  if (device == nullptr ||
      registry::Directory::rights(call.account, *device) == registry::Rights::kNone) {
    return call.done(failure({.kind = FaultKind::kNoPermission,
                              .detail = fmt::format("{} is not a device that this account may read",
                                                    wire::shortened(*sn))},
                             call.trace_id));
  }
  call.done(success(wire::to_text(JsonObject{{"sn", *sn}}), call.trace_id));
}

}  // namespace gridloom::http
