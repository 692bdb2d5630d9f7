#include "mqtt/sign_in.h"

#include <fmt/format.h>

#include <utility>

namespace gridloom::mqtt {

using wire::mqtt::Reason;

std::expected<hub::Identity, SignInRefusal> sign_in(const ServerContext& server,
                                                    const std::string& peer,
                                                    const wire::mqtt::ConnectRequest& request) {
  const Secret password = request.password.value_or(Secret());
  const std::string user = request.username.value_or("");
  FailureBudget* const failures = server.failures;
  if (failures != nullptr) {
    if (const auto wait = failures->wait(peer, user, server.clock->now())) {
      return std::unexpected(SignInRefusal{
          .reason = Reason::kConnectionRateExceeded,
          .why = fmt::format("too many sign-ins from this address were refused; try again in {} ms",
                             wait->count())});
    }
  }
  auto identity = server.hub->access().sign_in(user, password);
  if (identity) {
    if (failures != nullptr) failures->succeeded(peer, user, server.clock->now());
    return std::move(*identity);
  }
  if (failures != nullptr) failures->failed(peer, user, server.clock->now());
  return std::unexpected(SignInRefusal{.reason = Reason::kBadUserNameOrPassword,
                                       .why = std::move(identity.error().detail)});
}

}  // namespace gridloom::mqtt
