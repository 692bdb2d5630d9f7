#include "with_lab/welcome.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "app/process/language.h"
#include "wire/signing.h"

namespace gridloom::app {
namespace {

// A line of the list at the top.
std::string item(std::string_view name, std::string_view value) {
  return fmt::format("  {:<12} {}\n", name, value);
}

std::string places(const WelcomeFacts& facts) {
  return fmt::format("\n{}\n", translated("Gridloom is up, and the demo home is connecting.")) +
         item("HTTP", fmt::format("{}, {}", facts.http, facts.https)) +
         item("MQTT", fmt::format("{}, TLS {}", facts.mqtt, facts.mqtts)) +
         item(translated("certificate"), facts.ca);
}

// The parameter that the effect copies into its field; null: it does something else.
const catalog::Param* copied_by(const catalog::Effect& effect, const catalog::Command& command) {
  const bool is_copy = effect.at.empty() && effect.map.empty() && effect.when.empty() &&
                       !effect.bit && !effect.as_bool && effect.times == 1 && effect.to.plus == 0;
  const auto found = std::ranges::find(command.params, effect.to.param, &catalog::Param::name);
  return is_copy && found != command.params.end() ? &*found : nullptr;
}

// A round number of about the middle of the parameter's range, in its unit.
double round_middle(const catalog::Param& param) {
  const double least = param.range->low * param.scale;
  const double middle = (least + param.range->high * param.scale) / 2;
  constexpr double kRound = 100;
  const double round = std::floor(middle / kRound) * kRound;
  return round > least ? round : middle;
}

// The same as power_to_set() for one command.
std::string power_set_by(const catalog::Family& family, const catalog::Command& command) {
  for (const catalog::Effect& effect : command.effects) {
    const catalog::Param* param = copied_by(effect, command);
    const catalog::Field* field = family.field(effect.field);
    const bool is_power = param != nullptr && param->unit == "W" && param->range &&
                          field != nullptr && field->written_by.size() == 1 &&
                          !field->name.contains('*');
    const bool asks_for_more = std::ranges::any_of(command.params, [&](const auto& other) {
      return &other != param && other.required && other.unchanged.empty();
    });
    if (is_power && !asks_for_more) return fmt::format("{} {}", field->name, round_middle(*param));
  }
  return {};
}

std::string set_line(const WelcomeFacts& facts, std::string_view where) {
  if (facts.device.set.empty()) return {};
  return fmt::format("  {} set {} {}{}\n", facts.program, facts.device.sn, facts.device.set, where);
}

}  // namespace

std::string power_to_set(const catalog::Family& family) {
  for (const catalog::Command& command : family.commands) {
    if (command.dangerous) continue;
    if (std::string set = power_set_by(family, command); !set.empty()) return set;
  }
  return {};
}

WelcomeDevice device_to_try(std::span<const sim::Member> members) {
  for (const sim::Member& member : members) {
    if (std::string set = power_to_set(*member.family); !set.empty()) {
      return {.sn = member.sn, .set = std::move(set)};
    }
  }
  return members.empty() ? WelcomeDevice{} : WelcomeDevice{.sn = members.front().sn};
}

Result<std::string> welcome(const WelcomeFacts& facts, const registry::AccessKey& key,
                            const registry::Account& account) {
  const std::string query = "sn=" + facts.device.sn;
  const std::string timestamp = std::to_string(unix_ms(facts.now));
  GL_TRY(auto mac, wire::KeyedMac::make(key.secret_key));
  GL_TRY(const auto signature, wire::sign({.content_type = {},
                                           .query = query,
                                           .body = {},
                                           .access_key = key.access_key,
                                           .nonce = "123456",
                                           .timestamp = timestamp,
                                           .sign = {}},
                                          mac));
  const std::size_t colon = facts.mqtts.rfind(':');
  const std::string where =
      facts.data.empty() ? std::string() : fmt::format(" --data '{}'", facts.data);
  // 24 rows of 80 columns, the link last.
  return places(facts) + item(translated("access key"), key.access_key) +
         item(translated("secret key"), key.secret_key.reveal()) +
         fmt::format(R"({}
  {} status{}
{}{}
  curl -s -H 'nonce: 123456' -H 'timestamp: {}' \
    '{}/iot-open/sign/device/quota/all?{}' \
    -H 'accessKey: {}' \
    -H 'sign: {}'
{}
  mosquitto_sub -h {} -p {} -P {} \
    --cafile '{}' \
    -u {} \
    -t '/open/{}/{}/quota'
{}
  {}
)",
                     translated("At a terminal, in a second window:"), facts.program, where,
                     set_line(facts, where), translated("All values of a device over HTTP:"),
                     timestamp, facts.http, query, key.access_key, signature,
                     translated("Its reports as they come (Debian: mosquitto-clients):"),
                     facts.mqtts.substr(0, colon), facts.mqtts.substr(colon + 1),
                     account.certificate_password.reveal(), facts.ca, account.certificate_account,
                     account.certificate_account, facts.device.sn,
                     translated("Ctrl-C stops it. The home in a browser:"),
                     facts.sign_in_link.reveal());
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
  return places(facts) + item(translated("keys"), facts.keys);
}

Status print_welcome(const WelcomeFacts& facts, const registry::AccessKey& key,
                     const registry::Account& account) {
  GL_TRY(const auto text, welcome_on(STDOUT_FILENO, facts, key, account));
  fmt::print("{}", text);
  std::fflush(stdout);
  return {};
}

}  // namespace gridloom::app
