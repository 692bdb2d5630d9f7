#include "app/welcome.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "wire/signing.h"

namespace gridloom::app {
namespace {

std::string places(const WelcomeFacts& facts) {
  return fmt::format(R"(
Gridloom is up, and the demo home is connecting.

  HTTP         {}
  HTTPS        {}
  MQTT         {}
  MQTT (TLS)   {}
  certificate  {}
)",
                     facts.http, facts.https, facts.mqtt, facts.mqtts, facts.ca);
}

}  // namespace

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
  const std::string where =
      facts.data.empty() ? std::string() : fmt::format(" --data '{}'", facts.data);
  return fmt::format(
      R"({}
  dashboard    {}
  access key   {}
  secret key   {}

The dashboard's link shows the home in a browser. At a terminal, in a second window:

  {} status{}
  {} set {} mppt.cfgChgWatts 600{}

All values of a device over HTTP:

  curl -s '{}/iot-open/sign/device/quota/all?{}' \
    -H 'accessKey: {}' -H 'nonce: 123456' -H 'timestamp: {}' \
    -H 'sign: {}'

Its reports as they come (Debian: mosquitto-clients):

  mosquitto_sub --cafile '{}' -h {} -p {} \
    -u {} -P {} \
    -t '/open/{}/{}/quota'

Stop with Ctrl-C.
)",
      places(facts), facts.sign_in_link.reveal(), key.access_key, key.secret_key.reveal(),
      facts.program, where, facts.program, facts.sn, where, facts.http, query, key.access_key,
      timestamp, *signature, facts.ca, facts.mqtts.substr(0, colon), facts.mqtts.substr(colon + 1),
      account.certificate_account, account.certificate_password.reveal(),
      account.certificate_account, facts.sn);
}

bool is_journal(int descriptor, const char* journal_stream) {
  struct stat seen{};
  if (journal_stream == nullptr || ::fstat(descriptor, &seen) != 0) return false;
  return fmt::format("{}:{}", seen.st_dev, seen.st_ino) == journal_stream;
}

Result<std::string> welcome_on(int descriptor, const WelcomeFacts& facts,
                               const registry::AccessKey& key, const registry::Account& account) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  if (!is_journal(descriptor, std::getenv("JOURNAL_STREAM"))) return welcome(facts, key, account);
  return places(facts) + fmt::format("  keys         in {}\n", facts.keys);
}

Status print_welcome(const WelcomeFacts& facts, const registry::AccessKey& key,
                     const registry::Account& account) {
  const auto text = welcome_on(STDOUT_FILENO, facts, key, account);
  if (!text) return std::unexpected(text.error());
  fmt::print("{}", *text);
  std::fflush(stdout);
  return {};
}

}  // namespace gridloom::app
