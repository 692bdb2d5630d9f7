#include "app/welcome.h"

#include <fmt/format.h>

#include "wire/signing.h"

namespace gridloom::app {

Result<std::string> welcome(const WelcomeFacts& facts, const registry::AccessKey& key,
                            const registry::Account& account) {
  const std::string query = "sn=" + facts.sn;
  const std::string timestamp = std::to_string(unix_ms(facts.now));
  auto mac = wire::KeyedMac::make(key.secret_key);
  if (!mac) return std::unexpected(mac.error());
  const auto signature = wire::sign({.content_type = {},
                                     .query = query,
                                     .body = {},
                                     .access_key = key.access_key,
                                     .nonce = "123456",
                                     .timestamp = timestamp,
                                     .sign = {}},
                                    *mac);
  if (!signature) return std::unexpected(signature.error());
  const std::size_t colon = facts.mqtts.rfind(':');
  return fmt::format(
      R"(
Gridloom is up, and the demo home is connecting.

  HTTP         {}
  HTTPS        {}
  MQTT         {}
  MQTT (TLS)   {}
  certificate  {}

  access key   {}
  secret key   {}

All values of a device:

  curl -s '{}/iot-open/sign/device/quota/all?{}' \
    -H 'accessKey: {}' -H 'nonce: 123456' -H 'timestamp: {}' \
    -H 'sign: {}'

Its reports as they come (Debian: mosquitto-clients):

  mosquitto_sub --cafile '{}' -h {} -p {} \
    -u {} -P {} \
    -t '/open/{}/{}/quota'

Stop with Ctrl-C.
)",
      facts.http, facts.https, facts.mqtt, facts.mqtts, facts.ca, key.access_key,
      key.secret_key.reveal(), facts.http, query, key.access_key, timestamp, *signature, facts.ca,
      facts.mqtts.substr(0, colon), facts.mqtts.substr(colon + 1), account.certificate_account,
      account.certificate_password.reveal(), account.certificate_account, facts.sn);
}

}  // namespace gridloom::app
