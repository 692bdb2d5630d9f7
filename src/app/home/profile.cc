#include "app/home/profile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <utility>

#include "base/printable.h"
#include "base/read_file.h"
#include "storage/files.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

namespace fs = std::filesystem;
using wire::JsonObject;

constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxFile = 65'536;  // bytes
constexpr std::string_view kSuffix = ".json";

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing changes it
  return value == nullptr ? std::string() : std::string(value);
}

Status check_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("-._").contains(c);
  };
  const bool is_good = !name.empty() && name.size() <= kMaxName && !name.starts_with('.') &&
                       std::ranges::all_of(name, is_plain);
  if (is_good) return {};
  return fail(ErrorCode::kBadParams,
              fmt::format("\"{}\" is no name of a profile: must be 1 to {} letters, digits and -._",
                          printable(wire::shortened(name)), kMaxName));
}

fs::path file_of(const fs::path& folder, std::string_view name) {
  return folder / (std::string(name) + std::string(kSuffix));
}

Result<client::ApiOptions> from_environment() {
  client::ApiOptions options{.server = environment("GRIDLOOM_HOST"),
                             .access_key = environment("GRIDLOOM_ACCESS_KEY"),
                             .secret_key = Secret(environment("GRIDLOOM_SECRET_KEY")),
                             .ca = environment("GRIDLOOM_CA"),
                             .admin_token = Secret(environment("GRIDLOOM_ADMIN_TOKEN"))};
  if (!options.server.empty() && !options.access_key.empty() && !options.secret_key.empty()) {
    return options;
  }
  return fail(ErrorCode::kNotFound,
              "the profile env needs GRIDLOOM_HOST, GRIDLOOM_ACCESS_KEY and GRIDLOOM_SECRET_KEY in "
              "the environment");
}

std::string no_profile(const fs::path& folder, std::string_view name) {
  const auto names = profile_names(folder);
  return fmt::format(
      "there is no profile {}; {}", name,
      names.empty() ? "there is none yet" : fmt::format("there are {}", fmt::join(names, ", ")));
}

}  // namespace

Result<fs::path> profile_folder() {
  const std::string config = environment("XDG_CONFIG_HOME");
  if (!config.empty()) return fs::path(config) / "gridloom" / "profiles";
  const std::string home = environment("HOME");
  if (!home.empty()) return fs::path(home) / ".config" / "gridloom" / "profiles";
  return fail(ErrorCode::kNotFound,
              "there is no place for profiles: neither XDG_CONFIG_HOME nor HOME is set");
}

std::vector<std::string> profile_names(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == kSuffix) names.push_back(at->path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

Result<client::ApiOptions> read_profile(const fs::path& folder, std::string_view name) {
  if (name == kEnvironmentProfile) return from_environment();
  GL_TRY(check_name(name));
  const fs::path file = file_of(folder, name);
  struct stat facts{};
  if (::stat(file.c_str(), &facts) != 0) {
    return fail(ErrorCode::kNotFound, fmt::format("{}, and `gridloom login {} --host ...` makes it",
                                                  no_profile(folder, name), name));
  }
  GL_TRY(only_for_its_owner(file, facts.st_mode));
  GL_TRY(const auto text, read_file(file, kMaxFile));
  const auto parsed = wire::parse_json(text);
  if (!parsed || !parsed->is_object()) {
    return fail(ErrorCode::kMalformed,
                fmt::format("{} is not a profile; `gridloom login {} --host ...` makes it again",
                            file.string(), name));
  }
  // The environment may have the secrets, so that the file need not.
  const auto secret_in = [&](std::string_view member, const char* variable) {
    std::string secret(wire::text_in(*parsed, member));
    return Secret(secret.empty() ? environment(variable) : std::move(secret));
  };
  return client::ApiOptions{.server = std::string(wire::text_in(*parsed, "host")),
                            .access_key = std::string(wire::text_in(*parsed, "accessKey")),
                            .secret_key = secret_in("secretKey", "GRIDLOOM_SECRET_KEY"),
                            .ca = std::string(wire::text_in(*parsed, "ca")),
                            .admin_token = secret_in("adminToken", "GRIDLOOM_ADMIN_TOKEN")};
}

Status write_profile(const fs::path& folder, std::string_view name,
                     const client::ApiOptions& options) {
  GL_TRY(check_name(name));
  if (name == kEnvironmentProfile) {
    return fail(ErrorCode::kBadParams, "the profile env is the environment's; choose another name");
  }
  GL_TRY(storage::make_data_folder(folder));
  JsonObject profile{{"host", options.server},
                     {"accessKey", options.access_key},
                     {"secretKey", options.secret_key.reveal()},
                     {"ca", options.ca.string()}};
  if (!options.admin_token.empty()) profile["adminToken"] = options.admin_token.reveal();
  std::string text = wire::to_text(profile) + '\n';
  const fs::path file = file_of(folder, name);
  std::error_code ignored;
  Status written = fs::exists(file, ignored) ? storage::replace_private_file(file, text)
                                             : storage::write_private_file(file, text);
  wipe(text);
  return written;
}

Status remove_profile(const fs::path& folder, std::string_view name) {
  GL_TRY(check_name(name));
  std::error_code error;
  if (fs::remove(file_of(folder, name), error)) return {};
  return fail(ErrorCode::kNotFound, no_profile(folder, name));
}

}  // namespace gridloom::app
