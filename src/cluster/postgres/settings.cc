#include "postgres/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <libpq-fe.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>
#include <system_error>

#include "base/printable.h"
#include "base/read_file.h"

namespace gridloom::postgres {
namespace {

constexpr std::size_t kPasswordFileMaxBytes = 4096;
constexpr std::size_t kNameMaxBytes = 63;  // PostgreSQL cuts longer names
constexpr int kLongestConnect_s = 60;

constexpr std::array<std::string_view, 6> kSslModes = {"disable", "allow",     "prefer",
                                                       "require", "verify-ca", "verify-full"};
constexpr std::array<std::string_view, 3> kSessionAttributes = {"any", "primary", "read-write"};

// The settings of every connection unless the URL says otherwise. A host that vanished is noticed
// after five seconds, also while nothing is sent.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kDefaults = {{
    {"connect_timeout", "2"},
    {"target_session_attrs", "read-write"},
    {"tcp_user_timeout", "5000"},
    {"keepalives", "1"},
    {"keepalives_idle", "5"},
    {"keepalives_interval", "2"},
    {"keepalives_count", "3"},
    {"gssencmode", "disable"},
    {"client_encoding", "UTF8"},
}};

constexpr std::string_view kForm = "postgres://USER@HOST/DATABASE";

bool begins_as_url(std::string_view url) {
  return url.starts_with("postgres://") || url.starts_with("postgresql://");
}

bool has_password(std::string_view url) {
  for (const std::string_view name :
       {"?password=", "&password=", "?sslpassword=", "&sslpassword="}) {
    if (url.contains(name)) return true;
  }
  std::string_view authority = url.substr(url.find("://") + 3);
  const std::size_t end = authority.find('@');
  if (end == std::string_view::npos) return false;
  return authority.substr(0, end).contains(':');
}

// libpq quotes the part that it does not understand, which may be a password.
std::string without_quotations(std::string_view message) {
  std::string left;
  bool is_quoted = false;
  for (const char character : message) {
    if (character == '"') is_quoted = !is_quoted;
    if (!is_quoted && character != '"' && character != '\n') left.push_back(character);
  }
  return printable(left);
}

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> items;
  if (text.empty()) return items;
  for (const auto item : std::views::split(text, ',')) items.emplace_back(std::string_view(item));
  return items;
}

bool is_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !name.empty() && name.size() <= kNameMaxBytes && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

Result<Secret> password_in(const std::filesystem::path& file) {
  struct stat facts{};
  if (::stat(file.c_str(), &facts) == 0) {
    GL_TRY(only_for_its_owner(file, facts.st_mode));
  }
  GL_TRY(std::string text, read_file(file, kPasswordFileMaxBytes));
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  if (text.empty()) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{}: its first line has to be the password", file.string()));
  }
  return Secret(std::move(text));
}

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { ::PQconninfoFree(options); }
};

Result<ConnectionSettings::Parameters> parameters_of(const std::string& url) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      ::PQconninfoParse(url.c_str(), &message));
  if (options == nullptr) {
    const std::string why = message == nullptr ? "out of memory" : without_quotations(message);
    ::PQfreemem(message);
    return fail(ErrorCode::kBadParams,
                fmt::format("the database's URL is not of the form {}: {}", kForm, why));
  }
  ConnectionSettings::Parameters found;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr && *option->val != '\0') found.emplace(option->keyword, option->val);
  }
  return found;
}

std::string taken(ConnectionSettings::Parameters& parameters, std::string_view name) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return {};
  std::string value = std::move(found->second);
  parameters.erase(found);
  return value;
}

}  // namespace

Result<ConnectionSettings> ConnectionSettings::parse(const Source& source) {
  if (!begins_as_url(source.url)) {
    return fail(ErrorCode::kBadParams, fmt::format("a database is given as {}", kForm));
  }
  if (source.url_password == UrlPassword::kRefused && has_password(source.url)) {
    return fail(ErrorCode::kBadParams,
                "a password in the database's URL is seen by every user of this machine: give "
                "--database-password-file FILE, or set PGPASSFILE");
  }
  if (!is_name(source.schema)) {
    return fail(ErrorCode::kBadParams, "the schema's name may have a-z, 0-9 and _ only");
  }
  GL_TRY(Parameters found, parameters_of(std::string(source.url)));
  ConnectionSettings settings;
  settings.common_ = std::move(found);
  settings.schema_ = source.schema;
  settings.password_ = Secret(taken(settings.common_, "password"));
  settings.options_ = taken(settings.common_, "options");
  if (!source.password_file.empty()) {
    GL_TRY(Secret password, password_in(source.password_file));
    settings.password_ = std::move(password);
  }
  settings.common_.try_emplace("application_name", source.application_name);
  settings.add_defaults();
  GL_TRY(settings.take_hosts());
  GL_TRY(settings.check_values());
  return settings;
}

void ConnectionSettings::add_defaults() {
  for (const auto& [name, value] : kDefaults) common_.try_emplace(std::string(name), value);
}

// libpq would try the next host only if one refuses, not if one does not answer.
Status ConnectionSettings::take_hosts() {
  const std::vector<std::string> names = list_of(taken(common_, "host"));
  const std::vector<std::string> addresses = list_of(taken(common_, "hostaddr"));
  const std::vector<std::string> ports = list_of(taken(common_, "port"));
  const std::size_t count = std::max({names.size(), addresses.size(), std::size_t{1}});
  const auto fits = [count](const std::vector<std::string>& list) {
    return list.size() <= 1 || list.size() == count;
  };
  if (!fits(names) || !fits(addresses) || !fits(ports)) {
    return fail(ErrorCode::kBadParams,
                "the database's URL has different numbers of hosts, addresses and ports");
  }
  const auto of = [](const std::vector<std::string>& list, std::size_t i) {
    if (list.empty()) return std::string();
    return list.size() == 1 ? list.front() : list[i];
  };
  std::vector<std::string> shown;
  hosts_.reserve(count);
  shown.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    hosts_.push_back({.name = of(names, i), .address = of(addresses, i), .port = of(ports, i)});
    const Host& host = hosts_.back();
    const std::string name = host.name.empty() ? host.address : host.name;
    shown.push_back(host.port.empty() || name.empty() ? name
                                                      : fmt::format("{}:{}", name, host.port));
  }
  const auto database = common_.find("dbname");
  description_ = printable(fmt::format("{}/{}", fmt::join(shown, ","),
                                       database == common_.end() ? "" : database->second));
  return {};
}

Status ConnectionSettings::check_values() {
  if (const auto mode = common_.find("sslmode");
      mode != common_.end() && std::ranges::find(kSslModes, mode->second) == kSslModes.end()) {
    return fail(ErrorCode::kBadParams,
                fmt::format("sslmode is one of {}", fmt::join(kSslModes, ", ")));
  }
  if (std::ranges::find(kSessionAttributes, common_.at("target_session_attrs")) ==
      kSessionAttributes.end()) {
    return fail(ErrorCode::kBadParams, fmt::format("target_session_attrs is one of {}: the server "
                                                   "writes",
                                                   fmt::join(kSessionAttributes, ", ")));
  }
  const std::string seconds = taken(common_, "connect_timeout");
  int value = 0;
  const auto [end, error] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), value);
  if (error != std::errc() || end != seconds.data() + seconds.size() || value < 1 ||
      value > kLongestConnect_s) {
    return fail(ErrorCode::kBadParams,
                fmt::format("connect_timeout is 1 to {} seconds", kLongestConnect_s));
  }
  connect_timeout_ = std::chrono::seconds(value);
  return {};
}

ConnectionSettings::Parameters ConnectionSettings::parameters(std::size_t host) const {
  Parameters all = common_;
  const Host& to = hosts_.at(host);
  if (!to.name.empty()) all["host"] = to.name;
  if (!to.address.empty()) all["hostaddr"] = to.address;
  if (!to.port.empty()) all["port"] = to.port;
  return all;
}

}  // namespace gridloom::postgres
