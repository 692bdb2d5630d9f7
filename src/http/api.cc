#include "http/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "http/browser.h"
#include "http/main_unit.h"
#include "http/open_api.h"
#include "http/params.h"
#include "http/upgrades.h"
#include "hub/credentials.h"
#include "hub/fault_view.h"

namespace gridloom::http {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr std::size_t kKeyedContexts = 4096;
// Answered by the server itself, without a signature.
constexpr std::string_view kHealth = "/healthz";
constexpr std::string_view kMetrics = "/metrics";
constexpr std::string_view kDescription = "/openapi.json";
constexpr std::string_view kSigned = "/iot-open/";

Result<std::vector<std::string>> quotas_of(const JsonObject& object, std::size_t most) {
  const auto params = params_of(object);
  if (!params) return std::unexpected(params.error());
  const Json* quotas = (*params)->if_contains("quotas");
  if (quotas == nullptr || !quotas->is_array()) {
    return fail(ErrorCode::kBadParams,
                fmt::format("params.quotas is {}: must be a list of quota names",
                            quotas == nullptr ? "missing" : shown(*quotas)));
  }
  std::vector<std::string> names;
  for (const Json& name : quotas->get_array()) {
    if (!name.is_string()) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("params.quotas[{}] is {}: must be a quota's name", names.size(),
                              shown(name)));
    }
    names.emplace_back(name.get_string());
  }
  if (names.size() > most) {
    return fail(ErrorCode::kBadParams,
                fmt::format("params.quotas has {} names: at most {} may be asked for at once",
                            names.size(), most));
  }
  return names;
}

void make_texts(Json& value) {
  if (auto* object = value.if_object()) {
    for (auto& member : *object) make_texts(member.value());
  } else if (auto* array = value.if_array()) {
    for (Json& element : *array) make_texts(element);
  } else if (value.is_number()) {
    value = Json(wire::to_text(value));
  }
}

// Whether the request is a set, by either interface.
bool sets(const Request& request) {
  return request.path.ends_with("/quota")
             ? request.method == Method::kPut
             : request.method == Method::kPost && request.path.ends_with("/commands");
}

// The answer to a read, with texts in place of the numbers in its data; a failure has none.
Response with_text_values(Response response) {
  constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
  auto body = wire::parse_json(whole_body(response), {.bytes = kAny, .keys = kAny});
  if (!body || !body->is_object()) return response;
  Json* data = body->get_object().if_contains("data");
  if (data == nullptr) return response;
  make_texts(*data);
  response.body = wire::to_text(*body);
  response.data = {};
  response.data_at = 0;
  return response;
}

}  // namespace

struct Api::Route {
  std::string_view path;
  std::string_view methods;  // for 405's Allow
  Handler get = nullptr;
  Handler post = nullptr;
  Handler put = nullptr;
};

std::span<const Api::Route> Api::table() {
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
  return kRoutes;
}

const Api::Route* Api::find_route(std::string_view path) {
  for (const Route& route : table()) {
    if (route.path == path) return &route;
  }
  return nullptr;
}

std::vector<std::string> Api::endpoints() {
  std::vector<std::string> all;
  for (const std::string_view path : {kHealth, kMetrics, kDescription})
    all.push_back(fmt::format("GET {}", path));
  for (const Route& route : table()) {
    if (route.get != nullptr) all.push_back(fmt::format("GET {}", route.path));
    if (route.post != nullptr) all.push_back(fmt::format("POST {}", route.path));
    if (route.put != nullptr) all.push_back(fmt::format("PUT {}", route.path));
  }
  for (const OwnApi::Route& route : OwnApi::routes()) {
    all.push_back(fmt::format("{} {}", name_of(route.method), route.path));
  }
  for (const UpgradeRoute& route : kUpgradeRoutes) {
    all.push_back(fmt::format("GET {}", route.path));
  }
  return all;
}

wire::SignedRequest Api::claim_of(const Request& request) {
  return {.content_type = request.content_type,
          .query = request.query,
          .body = request.body,
          .access_key = request.access_key,
          .nonce = request.nonce,
          .timestamp = request.timestamp,
          .sign = request.sign};
}

Api::Api(Options options)
    : options_(std::move(options)),
      history_({.platform = &options_.hub->platform(),
                .reads = options_.reads,
                .loop = options_.loop,
                .series = options_.series}),
      sessions_({.hub = options_.hub,
                 .loop = options_.loop,
                 .sign_in = options_.sign_in,
                 .virtual_time = options_.virtual_time}),
      own_({.hub = options_.hub,
            .loop = options_.loop,
            .history = &history_,
            .sessions = &sessions_,
            .homes = options_.homes,
            .administration = options_.administration}),
      device_rows_(std::make_unique<DeviceRows>(
          [this](const registry::Directory& directory, registry::AccountId account) {
            return listed(directory, account);
          })) {}

// Only the account's own devices: shared ones are not listed (document 002, "Query the user's bound
// device list").
std::vector<DeviceRow> Api::listed(const registry::Directory& directory,
                                   registry::AccountId account) const {
  std::vector<DeviceRow> rows;
  for (const registry::Device* device : directory.devices_of(account)) {
    std::string before =
        wire::to_text(JsonObject{{"sn", device->sn}, {"deviceName", device->name}});
    before.back() = ',';
    const std::string& product =
        options_.hub->platform().catalog->of_serial(device->sn)->listed_product();
    std::string after = wire::to_text(JsonObject{{"productName", product}});
    after.front() = ',';
    rows.push_back(
        {.sn = device->sn, .before = before + R"("online":)", .after = std::move(after)});
  }
  return rows;
}

void Api::handle(const Request& request, Callback<Response> done) {
  const bool reads = request.method == Method::kGet || request.method == Method::kHead;
  const bool is_open = reads && (request.path == kHealth || request.path == kMetrics ||
                                 request.path == kDescription);
  // A page on an attacker's name for this address must not read them (DNS rebinding).
  if (is_open && !is_local_name(request.host)) {
    if (auto refused = of_wrong_host(request, AnswerForm(AnswerForm::Style::kPlain))) {
      return done(std::move(*refused));
    }
  }
  if (is_open && request.path == kHealth) {
    Health health = options_.health ? options_.health() : Health{.text = R"({"status":"ok"})"};
    return done({.status = health.good ? 200U : 503U,
                 .content_type = "application/json",
                 .body = std::move(health.text)});
  }
  if (is_open && request.path == kMetrics) {
    return done({.status = 200,
                 .content_type = "text/plain; version=0.0.4",
                 .body = options_.metrics ? options_.metrics() : std::string()});
  }
  if (is_open && request.path == kDescription) {
    Response response;
    response.data = open_api();
    return done(std::move(response));
  }
  if (request.path.starts_with(wire::kOwnPaths)) return handle_own(request, std::move(done));
  const Route* route = find_route(request.path);
  if (route == nullptr) {
    const bool is_page = options_.page != nullptr && !request.path.starts_with(kSigned) &&
                         options_.page->answers(request);
    if (is_page) return done(options_.page->answer(request));
    return done(transport_error(404, fmt::format("there is nothing at {}", shown(request.path))));
  }
  Handler verb = nullptr;
  if (reads) verb = route->get;
  if (request.method == Method::kPost) verb = route->post;
  if (request.method == Method::kPut) verb = route->put;
  if (verb == nullptr) {
    Response response =
        transport_error(405, fmt::format("{} takes {}", shown(request.path), route->methods));
    response.headers.emplace_back("Allow", std::string(route->methods));
    return done(std::move(response));
  }
  const AnswerForm form(AnswerForm::Style::kEnvelope);
  const wire::SignedRequest claim = claim_of(request);
  const TimePoint now = this->now();
  if (auto refused = without_credit(request, request.access_key, form, now)) {
    return done(std::move(*refused));
  }
  auto by = signed_by(request, claim, now);
  if (!by) return done(form.failure(by.error()));
  if (auto refused = without_rate(request, request.access_key, by->account, form, now)) {
    return done(std::move(*refused));
  }
  auto params = wire::parameters_of(claim, options_.signing, std::move(by->read));
  if (!params) return done(form.failure(params.error()));
  const Json* asked = params->if_contains("sn");
  const std::string_view sn =
      asked != nullptr && asked->is_string() ? asked->get_string() : std::string_view();
  if (!apply_faults(request, by->account, sn, form, done)) return;
  (this->*verb)({.request = request,
                 .params = std::move(*params),
                 .account = by->account,
                 .form = form,
                 .done = std::move(done)});
}

bool Api::apply_faults(const Request& request, registry::AccountId account, std::string_view sn,
                       const AnswerForm& form, Callback<Response>& done) {
  using hub::PlatformFault;
  const hub::FaultView faults(options_.hub->platform());
  if (!faults.any()) return true;
  const auto happens = [&](PlatformFault fault) { return faults.happens(fault, account, sn); };
  if (const auto late_s = happens(PlatformFault::kSlowAnswer)) {
    const TimePoint due = now() + Millis(static_cast<std::int64_t>(*late_s * 1000));
    done = [this, due, then = std::move(done)](Response response) mutable {
      late_.push_back({.due = due, .response = std::move(response), .done = std::move(then)});
    };
  }
  const auto instead = [&](Response response) {
    done(std::move(response));
    return false;
  };
  if (happens(PlatformFault::kDroppedConnection)) return instead({.ending = Ending::kClosed});
  if (happens(PlatformFault::kResetConnection)) return instead({.ending = Ending::kReset});
  if (const auto wait_s = happens(PlatformFault::kTooManyRequests)) {
    Response response = form.refusal(429, "this access key asks too often");
    response.headers.emplace_back("Retry-After", fmt::format("{:.0f}", std::ceil(*wait_s)));
    return instead(std::move(response));
  }
  if (happens(PlatformFault::kRefusedSign)) {
    return instead(form.failure({.code = ErrorCode::kWrongSignature, .detail = {}}));
  }
  if (!sn.empty() && request.path.contains("/quota") && happens(PlatformFault::kModelNotAllowed)) {
    return instead(form.failure({.code = ErrorCode::kModelNotAllowed, .detail = {}}));
  }
  if (sets(request) && happens(PlatformFault::kRefusedValue)) {
    return instead(form.failure({.code = ErrorCode::kInvalidValue, .detail = {}}));
  }
  if (request.path.ends_with("/quota/all") && happens(PlatformFault::kNullData)) {
    return instead(form.success("null"));
  }
  // Gridloom's own interface declares which values are numbers.
  const bool reads_quotas = request.path.starts_with(kSigned) && request.method != Method::kPut &&
                            (request.path.ends_with("/quota") || request.path.ends_with("/all"));
  if (reads_quotas && happens(PlatformFault::kTextValues)) {
    done = [then = std::move(done)](Response response) mutable {
      then(with_text_values(std::move(response)));
    };
  }
  return true;
}

void Api::tick() {
  if (late_.empty()) return;
  const TimePoint now = this->now();
  const auto due = std::ranges::partition(late_, [&](const Late& late) { return late.due > now; });
  std::vector<Late> ready(std::make_move_iterator(due.begin()), std::make_move_iterator(due.end()));
  late_.erase(due.begin(), due.end());
  for (Late& late : ready) late.done(std::move(late.response));
}

std::optional<Response> Api::without_credit(const Request& request, std::string_view credential,
                                            const AnswerForm& form, TimePoint now) const {
  if (options_.failures != nullptr) {
    if (const auto wait = options_.failures->wait(request.peer, credential, now)) {
      return form.too_many(*wait,
                           "too many requests from this address had a wrong key or signature");
    }
  }
  if (options_.rate != nullptr) {
    if (const auto wait = options_.rate->would_wait(credential, now)) {
      return too_many_requests(*wait, form);
    }
  }
  return std::nullopt;
}

std::optional<Response> Api::without_rate(const Request& request, std::string_view credential,
                                          registry::AccountId account, const AnswerForm& form,
                                          TimePoint now) const {
  if (const auto waiting = request.waiting.lock()) {
    waiting->signed_by(static_cast<std::int64_t>(account));
  }
  if (options_.rate == nullptr) return std::nullopt;
  const auto wait = options_.rate->wait(credential, now);
  return wait ? std::optional(too_many_requests(*wait, form)) : std::nullopt;
}

Result<Api::Signed> Api::signed_by(const Request& request, wire::SignedRequest claim,
                                   TimePoint now) {
  const auto directory = options_.hub->platform().registry.directory();
  const registry::AccessKey* key =
      claim.access_key.empty() ? nullptr : directory->find_key(claim.access_key);
  if (key == nullptr) macs_.erase(std::string(claim.access_key));
  Signed by;
  const Status good = key != nullptr
                          ? verified(request, claim, *key, by.read)
                          : fail(ErrorCode::kUnknownKey, claim.access_key.empty()
                                                             ? "the header accessKey is missing"
                                                             : "no account has this access key");
  if (options_.failures != nullptr) {
    if (good) {
      options_.failures->succeeded(request.peer, claim.access_key, now);
    } else if (good.error().code != ErrorCode::kInternal) {
      options_.failures->failed(request.peer, claim.access_key, now);
    }
  }
  if (!good) return std::unexpected(good.error());
  const bool weighty = request.method == Method::kPut || request.path.ends_with("/certification");
  wire::ReplayGuard* guard = options_.replays;
  if (guard == nullptr && request.guarded && weighty) guard = options_.guard;
  if (guard != nullptr) {
    if (Status first = guard->admit(claim, options_.hub->platform().wall->now()); !first)
      return std::unexpected(first.error());
  }
  by.account = key->account;
  return by;
}

// Requests of Gridloom's own interface sign their method and path as well. From this machine the
// form without them is accepted too.
Status Api::verified(const Request& request, wire::SignedRequest claim,
                     const registry::AccessKey& key, wire::ReadParameters& read) {
  const auto mac = mac_of(key);
  if (!mac) return std::unexpected(mac.error());
  const auto verify = [&] { return wire::verify(claim, **mac, options_.signing, nullptr, &read); };
  if (!request.path.starts_with(wire::kOwnPaths)) return verify();
  if (!request.guarded && verify()) return {};
  claim.method = name_of(request.method);
  claim.path = request.path;
  return verify();
}

TimePoint Api::now() const { return options_.hub->platform().steady->now(); }

Response Api::too_many_requests(Millis wait, const AnswerForm& form) const {
  return form.too_many(
      wait, fmt::format("this access key may ask {} times a second", options_.rate->per_second()));
}

Result<wire::KeyedMac*> Api::mac_of(const registry::AccessKey& key) {
  const auto found = macs_.find(key.access_key);
  if (found != macs_.end() && found->second.secret.matches(key.secret_key)) {
    return &found->second.mac;
  }
  if (macs_.size() >= kKeyedContexts) macs_.clear();
  auto mac = wire::KeyedMac::make(key.secret_key);
  if (!mac) return std::unexpected(mac.error());
  Keyed keyed{.secret = key.secret_key, .mac = std::move(*mac)};
  return &macs_.insert_or_assign(key.access_key, std::move(keyed)).first->second.mac;
}

hub::ReplyTo<hub::DeviceAnswer> Api::reply_to_of(Call& call) const {
  return {
      .loop = options_.loop,
      .done = [done = std::move(call.done),
               form = call.form](Result<hub::DeviceAnswer> answer) mutable {
        done(answer ? form.success_shared(std::move(answer->text)) : form.failure(answer.error()));
      }};
}

void Api::list(Call call) const {
  std::string text = "[";
  text += device_rows_->text(
      options_.hub->platform().registry.directory(), call.account, {.online = "1", .offline = "0"},
      [&](std::string_view sn) { return options_.hub->online(call.account, sn); });
  text += ']';
  call.done(call.form.success_shared(std::move(text)));
}

void Api::certification(Call call) const {
  const auto directory = options_.hub->platform().registry.directory();
  const registry::Account* account = directory->find_account(call.account);
  if (account == nullptr) {
    return call.done(call.form.failure({.code = ErrorCode::kUnknownKey, .detail = {}}));
  }
  options_.hub->record_access(call.account, {.what = journal::audit_kind("certification"),
                                             .through = "http",
                                             .by = hub::by_key(call.request.access_key),
                                             .from = call.request.peer});
  const BrokerAddress& mqtt = options_.mqtt;
  std::string host = mqtt.public_host.empty() ? call.request.host : mqtt.public_host;
  if (host.empty()) host = "localhost";
  call.done(call.form.success(
      wire::to_text(JsonObject{{"certificateAccount", account->certificate_account},
                               {"certificatePassword", account->certificate_password.reveal()},
                               {"url", host},
                               {"port", std::to_string(mqtt.port)},
                               {"protocol", mqtt.secure ? "mqtts" : "mqtt"}})));
}

void Api::quota(Call call) const {
  auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return call.done(call.form.failure(sn.error()));
  auto quotas = quotas_of(call.params, options_.hub->platform().config.asked_quotas);
  if (!quotas) return call.done(call.form.failure(quotas.error()));
  const registry::AccountId account = call.account;
  options_.hub->read(account, std::move(*sn), std::move(*quotas), reply_to_of(call));
}

void Api::set_quota(Call call) const {
  auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return call.done(call.form.failure(sn.error()));
  JsonObject message = std::move(call.params);
  const registry::AccountId account = call.account;
  hub::RequestOrigin origin{.by = hub::by_key(call.request.access_key), .from = call.request.peer};
  options_.hub->set(account, std::move(*sn), std::move(message), reply_to_of(call),
                    std::move(origin));
}

void Api::quota_all(Call call) const {
  auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return call.done(call.form.failure(sn.error()));
  const registry::AccountId account = call.account;
  options_.hub->read_all(account, std::move(*sn), reply_to_of(call));
}

void Api::quota_data(Call call) const { history_.quota_data(history_call(std::move(call))); }

HistoryApi::Call Api::history_call(Call call) {
  const auto waiting = call.request.waiting.lock();
  return {.params = std::move(call.params),
          .account = call.account,
          .form = call.form,
          .gone = waiting ? waiting->gone() : std::stop_token(),
          .done = std::move(call.done)};
}

void Api::main_sn(Call call) const {
  auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return call.done(call.form.failure(sn.error()));
  const auto directory = options_.hub->platform().registry.directory();
  if (const auto device =
          hub::permitted_device(*directory, call.account, *sn, registry::Rights::kMonitor);
      !device) {
    return call.done(call.form.failure(device.error()));
  }
  find_main_unit(
      *options_.hub, call.account, *sn,
      {.loop = options_.loop,
       .done = [done = std::move(call.done), form = call.form](Result<std::string> main) mutable {
         done(main ? form.success(wire::to_text(JsonObject{{"sn", *main}}))
                   : form.failure(main.error()));
       }});
}

}  // namespace gridloom::http
