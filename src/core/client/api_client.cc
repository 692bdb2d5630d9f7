#include "client/api_client.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

#include "client/api_reply.h"
#include "client/http_client.h"
#include "client/http_request.h"
#include "wire/signing.h"

namespace gridloom::client {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::string_view kList = "/iot-open/sign/device/list";
constexpr std::string_view kQuota = "/iot-open/sign/device/quota";
constexpr std::string_view kQuotaAll = "/iot-open/sign/device/quota/all";
constexpr std::string_view kCertification = "/iot-open/sign/certification";

enum class Credential : std::uint8_t { kSignature, kAdminToken };

std::string nonce() {
  std::random_device device;
  return std::to_string(std::uniform_int_distribution(100'000, 999'999)(device));
}

std::unexpected<Error> unexpected_data(std::string_view what) {
  return fail(ErrorCode::kMalformed,
              fmt::format("the data of the server's answer are not {}", what));
}

std::string target_of(std::string_view path, const ApiClient::Query& query) {
  std::string target(path);
  for (const auto& [name, value] : query) {
    target += target.contains('?') ? '&' : '?';
    target += query_text(name) + '=' + query_text(value);
  }
  return target;
}

std::string history_path(std::string_view sn) {
  return fmt::format("{}devices/{}/history", wire::kOwnPaths, query_text(sn));
}

Result<JsonObject> object_in(Result<Json> data) {
  if (!data) return std::unexpected(std::move(data.error()));
  if (data->is_null()) return JsonObject();
  if (!data->is_object()) return unexpected_data("an object");
  return std::move(data->get_object());
}

}  // namespace

struct ApiClient::Impl {
  ApiOptions options;
  HttpClient http;
  wire::KeyedMac mac;

  Result<HttpCall> with_credential(HttpCall call, Credential credential) {
    call.content_type = kJsonContent;
    if (credential == Credential::kAdminToken) {
      call.headers.emplace_back("Authorization", "Bearer " + options.admin_token.reveal());
      return call;
    }
    const std::string number = nonce();
    const std::string timestamp = std::to_string(unix_ms(SystemClock().now()));
    Signature signature{.access_key = options.access_key, .nonce = number, .timestamp = timestamp};
    GL_TRY(const auto sign,
           client::sign({.method = call.method, .target = call.target, .body = call.body},
                        signature, mac));
    signature.sign = sign;
    call.headers = headers_of(signature);
    return call;
  }

  // A nonce is for one request, so each attempt has its own.
  Result<HttpReply> send(const HttpCall& call, Credential credential = Credential::kSignature) {
    return http.ask_made([&] { return with_credential(call, credential); });
  }
};

ApiClient::ApiClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ApiClient::ApiClient(ApiClient&&) noexcept = default;
ApiClient& ApiClient::operator=(ApiClient&&) noexcept = default;
ApiClient::~ApiClient() = default;

Result<ApiClient> ApiClient::open(const ApiOptions& options) {
  GL_TRY(auto http, HttpClient::open({.server = options.server,
                                      .ca = options.ca,
                                      .ca_option = "--ca FILE",
                                      .patience = options.patience,
                                      .max_body_bytes = options.limits.body_bytes,
                                      .stop = options.stop}));
  GL_TRY(auto mac, wire::KeyedMac::make(options.secret_key));
  return ApiClient(std::make_unique<Impl>(options, std::move(http), std::move(mac)));
}

Result<Json> ApiClient::call(std::string_view method, std::string_view path, const Query& query,
                             std::string_view body) {
  GL_TRY(const auto reply,
         impl_->send({.method = method, .target = target_of(path, query), .body = body}));
  return data_of_reply(reply.status, reply.body);
}

Result<std::vector<ListedDevice>> ApiClient::devices() {
  GL_TRY(const auto data, call("GET", kList));
  return devices_in(data, impl_->options.limits);
}

Result<Json> ApiClient::administer(std::string_view operation, const JsonObject& parameters) {
  if (impl_->options.admin_token.empty()) {
    return fail(ErrorCode::kNoPermission, "administration needs a token with the scope admin");
  }
  const std::string body = wire::to_text(parameters);
  GL_TRY(const auto reply,
         impl_->send({.method = "POST",
                      .target = fmt::format("{}admin/{}", wire::kOwnPaths, operation),
                      .body = body},
                     Credential::kAdminToken));
  return answer_to_token(reply.status, reply.body);
}

Result<JsonObject> ApiClient::quota_all(std::string_view sn) {
  return object_in(call("GET", kQuotaAll, {{"sn", std::string(sn)}}));
}

Result<JsonObject> ApiClient::quotas(std::string_view sn, std::span<const std::string> names) {
  const JsonObject params{{"quotas", JsonArray(names.begin(), names.end())}};
  const std::string body = wire::to_text(JsonObject{{"sn", sn}, {"params", params}});
  return object_in(call("POST", kQuota, {}, body));
}

Result<Json> ApiClient::set(std::string_view sn, JsonObject message) {
  message["sn"] = sn;
  return call("PUT", kQuota, {}, wire::to_text(message));
}

Result<MqttAccess> ApiClient::certification() {
  GL_TRY(const auto data, call("GET", kCertification));
  return access_in(data, impl_->options.limits);
}

Result<Json> ApiClient::energy(std::string_view sn, const Query& query) {
  return call("GET", fmt::format("{}devices/{}/energy", wire::kOwnPaths, query_text(sn)), query);
}

Result<Json> ApiClient::history(std::string_view sn, const Query& query) {
  return call("GET", history_path(sn), query);
}

Result<std::string> ApiClient::history_csv(std::string_view sn, Query query) {
  query.emplace_back("format", "csv");
  GL_TRY(auto reply, impl_->send({.target = target_of(history_path(sn), query)}));
  constexpr unsigned kOk = 200;
  const bool is_table = reply.status == kOk && !reply.body.starts_with('{');
  if (is_table) return std::move(reply.body);
  const auto refused = data_of_reply(reply.status, reply.body);
  return refused ? unexpected_data("a table") : std::unexpected(refused.error());
}

}  // namespace gridloom::client
