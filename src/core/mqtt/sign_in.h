// Verifies the credentials of a CONNECT.
//
// Thread rule: any thread.
#pragma once

#include <expected>
#include <string>

#include "hub/clients/client.h"
#include "mqtt/server_context.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

struct SignInRefusal {
  wire::mqtt::Reason reason{};
  std::string why;
};
// kConnectionRateExceeded: too many sign-ins from the address `peer` failed; the credentials were
// not looked at. kBadUserNameOrPassword: they are wrong, which counts against the address.
[[nodiscard]] std::expected<hub::Identity, SignInRefusal> sign_in(
    const ServerContext& server, const std::string& peer,
    const wire::mqtt::ConnectRequest& request);

}  // namespace gridloom::mqtt
