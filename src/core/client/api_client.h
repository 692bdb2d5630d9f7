// A blocking client of the signed HTTP API: of a Gridloom server, and of the vendor's cloud, which
// has all but energy(), history() and administer(). One account, one connection. One thread at a
// time; the stop token may be of any thread.
//
// Requests are signed as the vendor's documents say (wire/signing.h). With https the server's
// certificate is verified; a request is sent once, unless a kept connection turned out to be closed
// before a read was sent on it.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "client/api_reply.h"
#include "client/http_session.h"
#include "net/limits.h"
#include "wire/json.h"

namespace gridloom::client {

// The limits for a server of one's own, whose history may be long.
inline constexpr net::PeerLimits kOwnServer{.body_bytes = HttpLimits{}.body_bytes};

struct ApiOptions {
  std::string server{};  // "https://api-e.ecoflow.com"
  std::string access_key{};
  Secret secret_key{};
  std::filesystem::path ca{};  // file of trusted certificates; empty: the system's
  Millis patience{15'000};     // for each request, with its connection
  Secret admin_token{};        // for administer(), of a Gridloom server; empty: none
  net::PeerLimits limits = kOwnServer;
  std::stop_token stop{};  // once a stop is requested, calls end within 250 ms
};

class ApiClient {
 public:
  // Does not connect yet. kBadParams: the server's address; kIo: the certificates.
  [[nodiscard]] static Result<ApiClient> open(const ApiOptions& options);
  ApiClient(ApiClient&&) noexcept;
  ApiClient& operator=(ApiClient&&) noexcept;
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;
  ~ApiClient();

  // All calls return kIo if the server cannot be reached, kMalformed if it does not answer as this
  // API does, and otherwise the errors of data_of_reply().
  [[nodiscard]] Result<std::vector<ListedDevice>> devices();  // devices_in()
  // The values of a device, in the form that its family has.
  [[nodiscard]] Result<wire::JsonObject> quota_all(std::string_view sn);
  [[nodiscard]] Result<wire::JsonObject> quotas(std::string_view sn,
                                                std::span<const std::string> names);
  // `message` as the vendor's documents show it, without `sn`. Returns the answer of the device.
  [[nodiscard]] Result<wire::Json> set(std::string_view sn, wire::JsonObject message);
  [[nodiscard]] Result<MqttAccess> certification();  // access_in()

  // Parameters of a query: names and values, not encoded.
  using Query = std::vector<std::pair<std::string, std::string>>;
  // Only a Gridloom server has these (docs/user/energy.md, docs/user/history.md); kNotFound:
  // another one.
  [[nodiscard]] Result<wire::Json> energy(std::string_view sn, const Query& query = {});
  [[nodiscard]] Result<wire::Json> history(std::string_view sn, const Query& query);

  // The past values as the text of a CSV file.
  [[nodiscard]] Result<std::string> history_csv(std::string_view sn, Query query);

  // Carries out an operation of administration with the admin token (docs/user/api.md,
  // "Administration"). kNoPermission: there is no token.
  [[nodiscard]] Result<wire::Json> administer(std::string_view operation,
                                              const wire::JsonObject& parameters);

  // Any signed request. `body` is JSON, or empty.
  [[nodiscard]] Result<wire::Json> call(std::string_view method, std::string_view path,
                                        const Query& query = {}, std::string_view body = {});

 private:
  struct Impl;
  explicit ApiClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridloom::client
