#include "api/http_service.h"

#include <string>
#include <utility>

#include "api/message/envelope.h"
#include "api/message/headers.h"
#include "api/own_requests.h"
#include "api/upgrades.h"
#include "base/redacted.h"
#include "wire/signing.h"

namespace gridloom::api {

std::span<const http::WantedHeader> HttpService::headers() const { return kHeaders; }

std::size_t HttpService::headers_for(std::string_view path) const { return api::headers_for(path); }

std::size_t HttpService::body_limit(const http::Request& head) const {
  return options_.api->body_limit(head);
}

void HttpService::handle(http::Request& request, Callback<http::Response> done) {
  options_.api->handle(request, std::move(done), options_.replay_check);
}

std::optional<http::Upgrade> HttpService::find_upgrade(std::string_view path) const {
  const UpgradeRoute* route = api::find_upgrade(path);
  if (route == nullptr) return std::nullopt;
  if (route->to == UpgradeTarget::kMqtt && !options_.mqtt) return std::nullopt;
  return route->upgrade;
}

std::expected<std::shared_ptr<net::Protocol>, http::Response> HttpService::open(
    const http::Request& request, net::ConnectionContext context) {
  if (api::find_upgrade(request.path)->to == UpgradeTarget::kMqtt) {
    return options_.mqtt(std::move(context));
  }
  // What the stream says is true for a moment only.
  const auto bound_output = context.bound_output;
  auto live = options_.api->open_live(request, std::move(context));
  if (live && bound_output) bound_output();
  return live;
}

http::Response HttpService::refusal(const http::BadRequest& bad) const {
  return wire::is_own_path(bad.path) ? OwnRequests::refusal(bad.status, bad.why)
                                     : transport_error(bad.status, bad.why);
}

std::string_view HttpService::user_of(const http::Request& request) const {
  return request.headers[header::kAccessKey];
}

void HttpService::on_refused(const http::Refused& refused) {
  // An unknown key may be the secret one, in the wrong header.
  const auto directory = options_.hub->platform().registry.directory();
  const bool is_known = directory->find_key(refused.user) != nullptr;
  options_.hub->record_event(
      {.kind = hub::ClientEvent::Kind::kRequestRefused,
       .reason = refused.code,
       .user = is_known ? std::string(refused.user) : redacted_name(refused.user),
       .peer = refused.peer,
       .detail = refused.why});
}

}  // namespace gridloom::api
