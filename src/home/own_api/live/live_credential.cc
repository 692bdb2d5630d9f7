#include "own_api/live/live_credential.h"

#include <limits>
#include <utility>

namespace gridloom::api {

LiveCredential::LiveCredential(LiveCaller caller,
                               std::shared_ptr<const registry::Directory> directory)
    : caller_(std::move(caller)), directory_(std::move(directory)), ends_ms_(end().value_or(0)) {}

bool LiveCredential::use(std::shared_ptr<const registry::Directory> directory) {
  if (directory == directory_) return false;
  const bool has_revoked = directory->revocations() != directory_->revocations();
  directory_ = std::move(directory);
  ends_ms_ = end().value_or(0);
  return has_revoked;
}

std::optional<std::string_view> LiveCredential::why_ended(TimePoint now) const {
  if (unix_ms(now) < ends_ms_) return std::nullopt;
  return caller_.session.empty() ? "the token has ended" : "signed out";
}

std::optional<std::int64_t> LiveCredential::end() const {
  if (!caller_.session.empty()) {
    const registry::BrowserSession* session = directory_->find_session(caller_.session);
    return session == nullptr ? std::nullopt : std::optional(end_of(*session));
  }
  const registry::Token* token = directory_->find_token(caller_.token);
  if (token == nullptr) return std::nullopt;
  return token->expires_ms == 0 ? std::numeric_limits<std::int64_t>::max() : token->expires_ms;
}

}  // namespace gridloom::api
