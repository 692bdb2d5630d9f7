// What an endpoint answers to a caller of the world, over HTTP and in a WebSocket.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/gate/callers.h"
#include "api/http_service.h"
#include "api/message/headers.h"
#include "http/session.h"
#include "http/test_frames.h"
#include "mqtt/connection.h"
#include "rights/world.h"
#include "wire/signing.h"

namespace gridloom::rights {
namespace {

constexpr std::string_view kSignOut = "DELETE /api/v1/session";
constexpr std::string_view kWhoIsSignedIn = "GET /api/v1/session";

// The query or body with which each endpoint is called.
const std::map<std::string_view, std::string_view>& requests() {
  static const std::map<std::string_view, std::string_view> kRequests = {
      {"GET /healthz", ""},
      {"GET /metrics", ""},
      {"GET /openapi.json", ""},
      {"GET /asyncapi.json", ""},
      {"GET /iot-open/sign/device/list", ""},
      {"GET /iot-open/sign/certification", ""},
      {"GET /iot-open/sign/device/quota",
       R"({"sn":"HEATER-01","params":{"quotas":["temperature"]}})"},
      {"POST /iot-open/sign/device/quota",
       R"({"sn":"HEATER-01","params":{"quotas":["temperature"]}})"},
      {"PUT /iot-open/sign/device/quota", R"({"sn":"HEATER-01","params":{"x":1}})"},
      {"GET /iot-open/sign/device/quota/all", "sn=HEATER-01"},
      {"POST /iot-open/sign/device/quota/data",
       R"({"sn":"HEATER-01","params":{"code":"temperature","beginTime":"2023-11-14 00:00:00",)"
       R"("endTime":"2023-11-15 00:00:00"}})"},
      {"GET /iot-open/sign/device/system/main/sn", "sn=HEATER-01"},
      {"GET /api/v1/me", ""},
      {kWhoIsSignedIn, ""},
      {"POST /api/v1/session", R"({"link":"unknown"})"},
      {kSignOut, ""},
      {"GET /api/v1/sessions", ""},
      {"DELETE /api/v1/sessions/{session}", ""},
      {"PUT /api/v1/me/password", R"({"password":"nineChar9"})"},
      {"GET /api/v1/tokens", ""},
      {"DELETE /api/v1/tokens/{token}", ""},
      {"GET /api/v1/shares", ""},
      {"GET /api/v1/bridges", ""},
      {"GET /api/v1/home", ""},
      {"GET /api/v1/devices", ""},
      {"GET /api/v1/devices/{sn}", ""},
      {"GET /api/v1/families", ""},
      {"GET /api/v1/families/{family}", ""},
      {"GET /api/v1/devices/{sn}/energy", ""},
      {"GET /api/v1/home/energy", ""},
      {"GET /api/v1/devices/{sn}/history", "fields=temperature"},
      {"GET /api/v1/home/series", ""},
      {"GET /api/v1/evcc", ""},
      {"POST /api/v1/evcc/batterymode", R"({"mode":2})"},
      {"GET /metrics/home", ""},
      {"GET /api/v1/devices/{sn}/events", ""},
      {"GET /api/v1/events", ""},
      {"POST /api/v1/devices/{sn}/commands", R"({"params":{"x":1}})"},
      {"GET /api/v1/devices/{sn}/commands", ""},
      {"GET /api/v1/devices/{sn}/commands/{command}", ""},
      {"GET /api/v1/admin/operations", ""},
      {"POST /api/v1/admin/{operation}", R"({"name":"mallory"})"},
      {"GET /mqtt", ""},
      {"GET /api/v1/live", R"({"t":"sub","id":1,"topic":"device","sn":"HEATER-01"})"},
  };
  return kRequests;
}

// The path with something for each name in braces. No account has a session or a token of this
// number: a test of rights must not end those it uses.
std::string path_of(std::string_view form) {
  static constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
      {"{sn}", kSn},        {"{family}", "generic"}, {"{command}", "unknown"},
      {"{session}", "999"}, {"{token}", "999"},      {"{operation}", "account.add"}};
  std::string path(form);
  for (const auto& [hole, name] : kNamed) {
    const std::size_t at = path.find(hole);
    if (at != std::string::npos) path.replace(at, hole.size(), name);
  }
  return path;
}

}  // namespace

void Signers::renew(const Signer& signer) {
  const Secret ended = *signer.cookie;
  const auto made = must(home_.registry->add_session(
      {.account = home_.account(signer.account).id, .now = home_.clock.now()}));
  for (Signer& each : all_) {
    if (each.cookie && each.cookie->matches(ended)) each.cookie = made.text;
  }
}

http::Request World::request_of(std::string_view endpoint, std::string_view sent,
                                const Signer& signer) const {
  const std::size_t space = endpoint.find(' ');
  const std::string_view method = endpoint.substr(0, space);
  http::Request request;
  request.method = method == "GET"      ? http::Method::kGet
                   : method == "POST"   ? http::Method::kPost
                   : method == "DELETE" ? http::Method::kDelete
                                        : http::Method::kPut;
  request.path = path_of(endpoint.substr(space + 1));
  request.host = signer.page.host;
  if (sent.starts_with('{')) {
    request.content_type = "application/json;charset=UTF-8";
    request.body = sent;
  } else {
    request.query = sent;
  }
  if (signer.token) request.authorization = fmt::format("Bearer {}", signer.token->reveal());
  if (signer.cookie) {
    const std::string& value = signer.cookie->reveal();
    request.headers[api::header::kHostAndPort] = signer.page.host;
    request.headers[api::header::kCookie] =
        fmt::format("other=1; {}={}", api::cookie_name(sign_in_->instance(), false), value);
    request.headers[api::header::kCsrf] = api::csrf_token(value);
    request.headers[api::header::kOrigin] = signer.page.origin;
    request.headers[api::header::kFetchSite] = signer.page.fetch_site;
  }
  if (signer.key) {
    request.headers[api::header::kAccessKey] = signer.key->access_key;
    request.headers[api::header::kNonce] = "345164";
    request.headers[api::header::kTimestamp] = std::to_string(unix_ms(server_.home.clock.now()));
    auto mac = must(
        wire::KeyedMac::make(signer.wrong ? Secret("another-secret-key") : signer.key->secret_key));
    request.headers[api::header::kSign] =
        must(wire::sign({.content_type = request.content_type,
                         .query = request.query,
                         .body = request.body,
                         .access_key = request.headers[api::header::kAccessKey],
                         .nonce = request.headers[api::header::kNonce],
                         .timestamp = request.headers[api::header::kTimestamp],
                         .sign = {}},
                        mac));
  }
  return request;
}

std::string World::open(const http::Request& request) {
  api::HttpService service(
      {.api = api_.get(), .hub = server_.home.hub.get(), .mqtt = mqtt::serve(*server_.server)});
  const auto session = std::make_shared<http::Session>(
      net::ConnectionContext{.loop = server_.home.client_loop, .wake = [] {}, .peer = "test"},
      service, http::SessionLimits{}, server_.home.clock.now());
  std::string bytes = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Protocol: {}\r\n",
      request.path, request.host, service.find_upgrade(request.path)->protocol);
  for (const auto& [name, value] : {std::pair{"Authorization", request.authorization},
                                    {"Cookie", request.headers[api::header::kCookie]},
                                    {"Origin", request.headers[api::header::kOrigin]},
                                    {"Sec-Fetch-Site", request.headers[api::header::kFetchSite]},
                                    {"X-Gridloom-CSRF", request.headers[api::header::kCsrf]},
                                    {"accessKey", request.headers[api::header::kAccessKey]},
                                    {"nonce", request.headers[api::header::kNonce]},
                                    {"timestamp", request.headers[api::header::kTimestamp]},
                                    {"sign", request.headers[api::header::kSign]}}) {
    if (!value.empty()) bytes += fmt::format("{}: {}\r\n", name, value);
  }
  session->receive(bytes + "\r\n", server_.home.clock.now());
  std::string answer;
  session->take_output(answer);
  const std::string status = answer.substr(answer.find(' ') + 1, 3);
  if (status != "101") return status;
  if (request.body.empty()) return "open";
  session->receive(http::bytes_of({.opcode = http::kText, .payload = request.body}),
                   server_.home.clock.now());
  for (int i = 0; i < 3; ++i) {
    while (session->has_work()) session->work();
    server_.home.settle();
  }
  answer.clear();
  session->take_output(answer);
  session->lost();
  return answer.contains("54.5") ? "ok" : answer.contains(R"("t":"error")") ? "empty" : "-";
}

std::string World::ask(std::string_view endpoint, const Signer& signer) {
  const auto known = requests().find(endpoint);
  if (known == requests().end()) return "no request";
  http::Request request = request_of(endpoint, known->second, signer);
  if (request.path == api::kMqttPath || api_->find_upgrade(request.path)) return open(request);
  std::optional<http::Response> response;
  api_->handle(std::move(request), [&response](http::Response got) { response = std::move(got); });
  server_.home.settle();
  if (!response) {
    // A set waits for a reply: either it has reached the device, or it was lost.
    const bool sent = mentions(seen(device_watcher_), R"("x":1)");
    server_.home.pass(Millis(9000));
    report(R"({"params":{"temperature":54.5,"kept":"kept"}})", true);
    static_cast<void>(seen(owner_watcher_));
    return sent ? "sent" : "lost";
  }
  if (response->status == 204) {
    if (endpoint == kSignOut) signers_.renew(signer);
    return endpoint == kWhoIsSignedIn ? "empty" : "ok";
  }
  if (response->status != 200) return std::to_string(response->status);
  const std::string body = http::whole_body(*response);
  if (body.starts_with("# HELP gridloom_")) return "ok";
  if ((signer.token || signer.cookie) && endpoint.contains("/api/")) {
    return body == R"({"devices":[]})" ? "empty" : "ok";
  }
  const std::string code = member_of(body, "code");
  if (code.empty()) return "open";
  if (code != R"("0")") return code.substr(1, code.size() - 2);
  const std::string data = member_of(body, "data");
  return data == "[]" || data == "{}" || data == R"({"devices":[]})" ? "empty" : "ok";
}

}  // namespace gridloom::rights
