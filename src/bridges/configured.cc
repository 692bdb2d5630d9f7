#include "bridges/configured.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "base/printable.h"
#include "base/read_file.h"
#include "bridges/kinds.h"
#include "time/grammar.h"

namespace gridloom::bridges {
namespace {

using parameters::Parameter;
using parameters::Type;
using wire::JsonObject;

constexpr std::size_t kMaxSecretFile = 65'536;  // bytes
constexpr std::string_view kAccount = "account=";
// The setting with the file of the certificates that a bridge trusts, which is its name in all
// kinds.
constexpr std::string_view kCertificates = "ca";

// Words between blanks; quotes keep blanks within a word and are no part of it.
Result<std::vector<std::string>> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool is_in_word = false;
  bool is_quoted = false;
  for (const char letter : text) {
    if (letter == '"') {
      is_quoted = !is_quoted;
      is_in_word = true;
    } else if (!is_quoted && (letter == ' ' || letter == '\t')) {
      if (std::exchange(is_in_word, false)) words.push_back(std::exchange(word, {}));
    } else {
      word += letter;
      is_in_word = true;
    }
  }
  if (is_quoted) return fail(ErrorCode::kBadParams, "a quote is not closed");
  if (is_in_word) words.push_back(std::move(word));
  return words;
}

// The first line of the file.
Result<std::string> secret_in(const std::string& file) {
  auto text = read_file(file, kMaxSecretFile);
  if (!text) return std::unexpected(text.error());
  text->erase(std::min(text->find_first_of("\r\n"), text->size()));
  return text;
}

}  // namespace

std::string name_of_file(const Parameter& secret) { return fmt::format("{}-file", secret.name); }

bool is_file(const Parameter& setting) {
  return setting.type == Type::kSecret || setting.name == kCertificates;
}

Result<wire::Json> parse_setting(const Parameter& setting, std::string_view text,
                                 const time::Now& now) {
  if (setting.type == Type::kTime) {
    GL_TRY(const auto at,
           time::parse_time(text, {.name = setting.name, .now = now, .takes_unix_ms = true}));
    return wire::Json(unix_ms(at));
  }
  if (setting.name == kCertificates) return wire::Json(std::filesystem::absolute(text).string());
  return parameters::parse_value(setting, text);
}

Status add_setting(const BridgeKind& kind, std::string_view assignment, JsonObject& settings,
                   const time::Now& now) {
  const std::size_t equals = assignment.find('=');
  const std::string_view name = assignment.substr(0, equals);
  std::vector<std::string> known;
  for (const Parameter& each : kind.settings) {
    const bool is_secret = each.type == Type::kSecret;
    known.push_back(is_secret ? name_of_file(each) : std::string(each.name));
    if (name != known.back()) continue;
    if (equals == std::string_view::npos) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("\"{}\" has no value: must be {}=VALUE", name, name));
    }
    std::string value(assignment.substr(equals + 1));
    if (value.empty()) {
      settings[each.name] = "";  // as if it had not been given
      return {};
    }
    if (is_secret) {
      GL_TRY(auto secret, secret_in(value));
      value = std::move(secret);
    }
    GL_TRY(auto parsed,
           is_secret ? Result<wire::Json>(wire::Json(value)) : parse_setting(each, value, now));
    settings[each.name] = std::move(parsed);
    return {};
  }
  const std::vector<std::string_view> names(known.begin(), known.end());
  return fail(ErrorCode::kBadParams,
              fmt::format("{} has no setting \"{}\": must be {}{}", kind.name,
                          redacted_extract(name), joined_or(names), did_you_mean(name, names)));
}

Result<ConfiguredBridge> parse_configured(std::string_view text, const time::Now& now) {
  GL_TRY(const auto words, words_of(text));
  if (words.size() < 3 || !words[2].starts_with(kAccount)) {
    return fail(ErrorCode::kBadParams,
                fmt::format("\"{}\" is no bridge: must be KIND NAME account=ACCOUNT and then its "
                            "settings as SETTING=VALUE",
                            redacted_extract(text)));
  }
  GL_TRY(const auto kind, find_kind(words[0]));
  JsonObject settings;
  for (std::size_t i = 3; i < words.size(); ++i) {
    GL_TRY(add_setting(*kind, words[i], settings, now));
  }
  GL_TRY(check_settings(*kind, settings));
  return ConfiguredBridge{.name = words[1],
                          .kind = words[0],
                          .account = words[2].substr(kAccount.size()),
                          .settings = Secret(wire::to_text(settings))};
}

}  // namespace gridloom::bridges
