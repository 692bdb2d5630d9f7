#include "mqtt/connection_events.h"

#include "base/redacted.h"

namespace gridloom::mqtt {

using wire::mqtt::Reason;

void ConnectionEvents::add(hub::ClientEvent::Kind kind, Reason reason, std::string_view why,
                           const hub::Client* client) const {
  hub::ClientEvent event{.kind = kind, .reason = name_of(reason), .peer = peer_, .detail = why};
  if (client != nullptr) {
    event.user = client->identity().name;
    event.client_id = client->client_id();
  }
  server_.hub->record_event(event);
}

void ConnectionEvents::refused(const wire::mqtt::ConnectRequest& request, Reason reason,
                               std::string_view why) const {
  server_.hub->record_event(
      {.kind = hub::ClientEvent::Kind::kSignInRefused,
       .reason = name_of(reason),
       .user = server_.hub->access().shown_user(request.username.value_or("")),
       .client_id = redacted(request.client_id),
       .peer = peer_,
       .detail = why});
}

void ConnectionEvents::record_sign_in(const hub::Identity& who, std::string_view client_id,
                                      std::string_view refused) const {
  server_.hub->record_access(who, {.client = client_id, .from = peer_, .refused = refused});
}

void ConnectionEvents::record_wrong_credentials(const wire::mqtt::ConnectRequest& request,
                                                std::string_view refused) const {
  server_.hub->record_access(
      {.who = server_.hub->access().shown_user(request.username.value_or("")),
       .client = redacted(request.client_id),
       .from = peer_,
       .refused = refused});
}

}  // namespace gridloom::mqtt
