#include "bridges/meter/meter_service.h"

#include <charconv>
#include <utility>

#include "bridges/meter/documents.h"
#include "wire/json.h"

namespace gridloom::bridges::meter {
namespace {

using http::Method;
using http::Request;
using http::Response;

constexpr unsigned kNotFound = 404;
constexpr unsigned kNotAllowed = 405;
constexpr unsigned kUnavailable = 503;

Response failure(unsigned status, int code, std::string_view message) {
  Response response{
      .status = status,
      .body = wire::to_text(to_json({.code = code, .message = std::string(message)}))};
  if (status == kUnavailable) response.headers.emplace_back("Retry-After", "1");
  response.code = std::to_string(status);
  response.why = message;
  return response;
}

Response failure(const RpcError& error) {
  const bool is_unavailable = error.code == RpcError::kUnavailable;
  const unsigned status = is_unavailable ? kUnavailable : 404;
  return failure(status, error.code, error.message);
}

Response success(const wire::JsonObject& body) { return {.body = wire::to_text(body)}; }

bool reads(const Request& request) {
  return request.method == Method::kGet || request.method == Method::kHead;
}

// The number of "id=N" in a query, or in the JSON of a body.
std::int64_t component_in(const Request& request) {
  std::int64_t component = 0;
  for (std::string_view rest = request.query; !rest.empty();) {
    const std::size_t end = rest.find('&');
    const std::string_view one = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!one.starts_with("id=")) continue;
    const char* const last = one.data() + one.size();
    const auto [at, error] = std::from_chars(one.data() + 3, last, component);
    if (error != std::errc{} || at != last) component = -1;
  }
  if (request.body.empty()) return component;
  const auto body = wire::parse_json(request.body, {.bytes = kMaxFrame, .depth = 8, .keys = 64});
  return body ? wire::whole_in(*body, "id").value_or(component) : component;
}

}  // namespace

void MeterService::handle(Request& request, Callback<Response> done) {
  health_.count_in();
  Response response = answer(request);
  if (response.status < 400) health_.count_out();
  if (response.status == kUnavailable) health_.add_to_figure("unanswered");
  done(std::move(response));
}

Response MeterService::answer(const Request& request) const {
  return model_ == Model::kEcoTracker ? eco_tracker(request) : shelly_pro(request);
}

Response MeterService::eco_tracker(const Request& request) const {
  if (request.path != kEcoTrackerPath) return failure(kNotFound, 404, "There is only /v1/json");
  if (!reads(request)) return failure(kNotAllowed, 405, "It is read by GET");
  const auto reading = display_.reading();
  if (!reading) return failure(kUnavailable, 503, "The power is not known");
  return success(eco_tracker_document(*reading));
}

Response MeterService::shelly_pro(const Request& request) const {
  constexpr std::string_view kRpc = "/rpc";
  const std::string_view path = request.path;
  if (!reads(request) && request.method != Method::kPost) {
    return failure(kNotAllowed, 405, "It is read by GET or POST");
  }
  if (path == "/shelly") return success(shelly_.device_info());
  if (path.starts_with("/rpc/")) return call(path.substr(kRpc.size() + 1), request);
  if (path != kRpc) return failure(kNotFound, 404, "There are only /shelly and /rpc");
  if (reads(request)) return call("Shelly.ListMethods", request);
  auto answer = shelly_.answer(request.body, display_.reading());
  if (answer.frame.empty()) return failure(400, -103, "The body is no request");
  Response response{.body = std::move(answer.frame)};
  if (answer.error && answer.error->code == RpcError::kUnavailable) {
    response.status = kUnavailable;
    response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

Response MeterService::call(std::string_view method, const Request& request) const {
  const auto result = shelly_.call(method, component_in(request), display_.reading());
  return result ? success(*result) : failure(result.error());
}

std::expected<std::shared_ptr<net::Protocol>, Response> MeterService::open(
    const Request& /*request*/, net::ConnectionContext /*context*/) {
  return std::unexpected(failure(kNotFound, 404, "There is no WebSocket"));
}

Response MeterService::refusal(const http::BadRequest& bad) const {
  return failure(bad.status, static_cast<int>(bad.status), bad.why);
}

}  // namespace gridloom::bridges::meter
