#include "api/http_service.h"

#include <string>
#include <utility>

#include "api/message/headers.h"
#include "base/printable.h"
#include "http/web_socket.h"

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
  if (path != kMqttPath) return options_.api->find_upgrade(path);
  if (!options_.mqtt) return std::nullopt;
  return http::Upgrade{.protocol = "mqtt", .form = http::WebSocketForm::kBytes};
}

std::expected<std::shared_ptr<net::Protocol>, http::Response> HttpService::open(
    const http::Request& request, net::ConnectionContext context) {
  if (request.path != kMqttPath) return options_.api->open(request, std::move(context));
  return options_.mqtt(std::move(context));
}

http::Response HttpService::refusal(const http::BadRequest& bad) const {
  return options_.api->refusal(bad);
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
