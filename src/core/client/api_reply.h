// The answers of the signed HTTP API: {"code","message","data"}, those to a request with a token,
// and the address of a server as a person writes it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "net/limits.h"
#include "wire/json.h"

namespace gridloom::client {

// "https://api-e.ecoflow.com", "http://127.0.0.1:8080".
struct ApiAddress {
  bool secure = true;
  std::string host;
  std::uint16_t port = 0;

  // As the header Host has it, and as find_peer() takes it.
  [[nodiscard]] std::string host_header() const;
  [[nodiscard]] std::string host_port() const;
};
// A missing scheme is https, a missing port 443 or 80. kBadParams: the detail says what is valid.
[[nodiscard]] Result<ApiAddress> parse_api_address(std::string_view text);

// The `data` of an answer; null if a success has none. Errors are those of the server, with its
// code and message in the detail: kUnknownKey, kWrongSignature, kNoPermission, kOffline,
// kBadParams, kNotFound (HTTP 404), kConflict (429 and 503: ask later), kInternal. kMalformed: not
// an answer of this API.
[[nodiscard]] Result<wire::Json> data_of_reply(unsigned status, std::string_view body);
struct ListedDevice {
  std::string sn;
  std::string name;
  std::string product;
  bool online = false;
};
// The devices of a list, as far as the limits go; those whose texts are longer are left out.
// kMalformed: it is no list.
[[nodiscard]] Result<std::vector<ListedDevice>> devices_in(const wire::Json& data,
                                                           const net::PeerLimits& limits = {});

// The account's user and server for MQTT.
struct MqttAccess {
  std::string user;
  Secret password;
  std::string host;  // a name, or an address
  std::string port;  // 1 to 65535
  bool secure = true;
};
// kMalformed: a text is too long, or what should be a host or a port is none.
[[nodiscard]] Result<MqttAccess> access_in(const wire::Json& data,
                                           const net::PeerLimits& limits = {});

// The answer to a request with a token, which is the body itself. An error has the code and the
// message of the server. kMalformed: not an answer of this API.
[[nodiscard]] Result<wire::Json> answer_to_token(unsigned status, std::string_view body);

}  // namespace gridloom::client
