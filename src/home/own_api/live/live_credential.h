// The right to a live stream: the token or the cookie's session that opened it, as the registry
// knows it now. Belongs to the loop of the stream's connection.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "own_api/home/home_json.h"
#include "registry/directory.h"

namespace gridloom::api {

// The caller who opened the stream, and whether its credential is still good.
struct LiveCaller {
  registry::AccountId account{};
  std::string token{};         // its hash; or else:
  std::string session{};       // the hash of its cookie
  std::optional<Card> card{};  // what the token is for, if its scope is card
};

class LiveCredential {
 public:
  LiveCredential(LiveCaller caller, std::shared_ptr<const registry::Directory> directory);

  // The directory that rights were last checked by.
  [[nodiscard]] const registry::Directory& directory() const { return *directory_; }
  [[nodiscard]] const std::shared_ptr<const registry::Directory>& shared_directory() const {
    return directory_;
  }
  // Uses the registry's directory of now. True: rights were revoked since the last one.
  [[nodiscard]] bool use(std::shared_ptr<const registry::Directory> directory);
  // Why the stream ends at this time, by the system's clock; nothing: the credential is good.
  [[nodiscard]] std::optional<std::string_view> why_ended(TimePoint now) const;

 private:
  // When the credential ends, in Unix milliseconds; nothing: there is no such credential any more.
  [[nodiscard]] std::optional<std::int64_t> end() const;

  LiveCaller caller_;
  std::shared_ptr<const registry::Directory> directory_;
  std::int64_t ends_ms_ = 0;  // by that directory
};

}  // namespace gridloom::api
