#include "api/vendor/vendor_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stop_token>
#include <utility>

#include "api/history/quota_data.h"
#include "api/message/envelope.h"
#include "api/message/headers.h"
#include "api/message/params.h"
#include "api/vendor/main_unit.h"
#include "history/energy_query.h"
#include "hub/platform/credentials.h"

namespace gridloom::api {
namespace {

using wire::Json;
using wire::JsonObject;

Result<std::vector<std::string>> quotas_of(const JsonObject& object, std::size_t most) {
  GL_TRY(const auto params, params_of(object));
  const Json* quotas = params->if_contains("quotas");
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

}  // namespace

std::span<const VendorApi::Route> VendorApi::routes() {
  static constexpr std::array<Route, 6> kRoutes = {{
      {.path = "/iot-open/sign/device/list", .methods = "GET, HEAD", .get = &VendorApi::list},
      {.path = "/iot-open/sign/certification",
       .methods = "GET, HEAD",
       .get = &VendorApi::certification},
      {.path = "/iot-open/sign/device/quota",
       .methods = "GET, HEAD, POST, PUT",
       .get = &VendorApi::quota,
       .post = &VendorApi::quota,
       .put = &VendorApi::set_quota},
      {.path = "/iot-open/sign/device/quota/all",
       .methods = "GET, HEAD",
       .get = &VendorApi::quota_all},
      {.path = "/iot-open/sign/device/quota/data",
       .methods = "POST",
       .post = &VendorApi::quota_data},
      {.path = "/iot-open/sign/device/system/main/sn",
       .methods = "GET, HEAD",
       .get = &VendorApi::main_sn},
  }};
  return kRoutes;
}

const VendorApi::Route* VendorApi::find(std::string_view path) {
  for (const Route& route : routes()) {
    if (route.path == path) return &route;
  }
  return nullptr;
}

VendorApi::Handler VendorApi::Route::handler_of(http::Method method) const {
  switch (method) {
    case http::Method::kGet:
    case http::Method::kHead:
      return get;
    case http::Method::kPost:
      return post;
    case http::Method::kPut:
      return put;
    default:
      return nullptr;
  }
}

VendorApi::VendorApi(Options options)
    : options_(std::move(options)),
      history_(
          {.platform = &options_.hub->platform(), .reads = options_.reads, .loop = options_.loop}),
      device_rows_(std::make_unique<DeviceRows>(
          [this](const registry::Directory& directory, registry::AccountId account) {
            return listed(directory, account);
          })) {}

// Only the account's own devices: shared ones are not listed (document 002, "Query the user's bound
// device list").
std::vector<DeviceRow> VendorApi::listed(const registry::Directory& directory,
                                         registry::AccountId account) const {
  std::vector<DeviceRow> rows;
  for (const registry::Device* device : directory.devices_of(account)) {
    std::string before =
        wire::to_text(JsonObject{{"sn", device->sn}, {"deviceName", device->name}});
    before.back() = ',';
    const std::string& product = options_.hub->platform().catalog->listed_product(device->sn);
    std::string after = wire::to_text(JsonObject{{"productName", product}});
    after.front() = ',';
    rows.push_back(
        {.sn = device->sn, .before = before + R"("online":)", .after = std::move(after)});
  }
  return rows;
}

hub::ReplyTo<hub::DeviceAnswer> VendorApi::reply_to_of(Call& call) const {
  return {
      .loop = options_.loop,
      .done = [done = std::move(call.done),
               form = call.form](Result<hub::DeviceAnswer> answer) mutable {
        done(answer ? form.success_shared(std::move(answer->text)) : form.failure(answer.error()));
      }};
}

void VendorApi::list(Call call) const {
  std::string text = "[";
  text += device_rows_->text(
      options_.hub->platform().registry.directory(), call.account, {.online = "1", .offline = "0"},
      [&](std::string_view sn) { return options_.hub->online(call.account, sn); });
  text += ']';
  call.done(call.form.success_shared(std::move(text)));
}

void VendorApi::certification(Call call) const {
  const auto directory = options_.hub->platform().registry.directory();
  const registry::Account* account = directory->find_account(call.account);
  if (account == nullptr) {
    return call.done(call.form.failure({.code = ErrorCode::kUnknownKey, .detail = {}}));
  }
  options_.hub->record_access(call.account,
                              {.what = journal::audit_kind("certification"),
                               .through = "http",
                               .by = hub::by_key(call.request.headers[header::kAccessKey]),
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

void VendorApi::quota(Call call) const {
  auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return call.done(call.form.failure(sn.error()));
  auto quotas = quotas_of(call.params, options_.hub->platform().config.asked_quotas);
  if (!quotas) return call.done(call.form.failure(quotas.error()));
  const registry::AccountId account = call.account;
  options_.hub->read(account, std::move(*sn), std::move(*quotas), reply_to_of(call));
}

void VendorApi::set_quota(Call call) const {
  auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return call.done(call.form.failure(sn.error()));
  JsonObject message = std::move(call.params);
  const registry::AccountId account = call.account;
  hub::RequestOrigin origin{.by = hub::by_key(call.request.headers[header::kAccessKey]),
                            .from = call.request.peer};
  hub::ReplyTo<hub::DeviceAnswer> reply_to = reply_to_of(call);
  if (options_.hub->platform().config.offline_requests == hub::OfflineRequests::kLikeTheVendor) {
    reply_to.done = [done = std::move(reply_to.done)](Result<hub::DeviceAnswer> answer) mutable {
      if (!answer && hub::is_out_of_reach(answer.error())) {
        answer.error().code = ErrorCode::kBadParams;
      }
      done(std::move(answer));
    };
  }
  options_.hub->set(account, std::move(*sn), std::move(message), std::move(reply_to),
                    std::move(origin));
}

void VendorApi::quota_all(Call call) const {
  auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return call.done(call.form.failure(sn.error()));
  const registry::AccountId account = call.account;
  options_.hub->read_all(account, {.sn = std::move(*sn)}, reply_to_of(call));
}

void VendorApi::quota_data(Call call) const {
  const auto refuse = [&call](const Error& fault) { call.done(call.form.failure(fault)); };
  const auto sn = text_param(call.params, "sn", "sn");
  if (!sn) return refuse(sn.error());
  const auto question = parse_quota_data_request(call.params, options_.hub->platform().zone);
  if (!question) return refuse(question.error());
  const auto device = history_.readable(call.account, *sn);
  if (!device) return refuse(device.error());
  const auto history = history_of(*device->family, question->code);
  if (!history) return refuse(history.error());
  const AnswerForm form = call.form;
  const std::vector<std::int64_t> bounds = {history::quarter_before(question->from_ms),
                                            std::max(history::quarter_after(question->to_ms),
                                                     history::quarter_before(question->from_ms))};
  history::EnergyQuery query({.device = device->number,
                              .sources = history::EnergySources(*device->family),
                              .bounds = bounds});
  const auto waiting = call.request.waiting.lock();
  history_.read(
      {.params = std::move(call.params),
       .account = call.account,
       .form = form,
       .gone = waiting ? waiting->gone() : std::stop_token(),
       .done = std::move(call.done)},
      answer_of(std::move(query), form, [history = *history, form](const history::EnergyQuery& of) {
        // A second response sits inside `data` (quirk 15).
        const http::Response inner =
            success(history_list(*history, of.sums().front()), form.trace_id());
        return inner.body;
      }));
}

void VendorApi::main_sn(Call call) const {
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

}  // namespace gridloom::api
