// `gridloom login` and `gridloom logout`: profiles of servers elsewhere, the vendor's cloud
// included.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/home_options.h"
#include "app/command_line/output.h"
#include "app/command_line/secret_input.h"
#include "app/command_line/usage_error.h"
#include "app/home/profile.h"
#include "base/failure_budget.h"
#include "base/secret.h"
#include "client/api_client.h"
#include "client/api_reply.h"

namespace gridloom::app {
namespace {

constexpr const char* kSecretVariable = "GRIDLOOM_SECRET_KEY";

struct LoginArguments {
  std::string name, host, access_key, secret_key_file, admin_token_file, ca;
  bool list = false;
  bool no_check = false;
};

Result<Secret> secret_of(const LoginArguments& arguments) {
  if (!arguments.secret_key_file.empty()) return secret_in_file(arguments.secret_key_file);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* variable = std::getenv(kSecretVariable);
  auto secret = variable != nullptr ? Result<Secret>(variable) : typed_secret();
  if (!secret || !secret->empty()) return secret;
  return fail(ErrorCode::kBadParams,
              fmt::format("there is no secret key: type it, or give it by --secret-key-file or in "
                          "{}",
                          kSecretVariable));
}

// Signing keeps the secret key from a listener, and nothing else.
void warn_of_plain_text(std::string_view server, const Secret& admin_token) {
  const auto address = client::parse_api_address(server);
  if (!address || address->secure || address->host == "localhost" || is_loopback(address->host)) {
    return;
  }
  print_note(fmt::format(
      "{} is not encrypted: whoever is on the way can read what the devices report and the "
      "account's MQTT password{}, and can change what they are told; use https:// where it is",
      server, admin_token.empty() ? "" : " and the admin token"));
}

// Why keys are refused, in the words of a person who typed them.
Error explained(Error error, const LoginArguments& arguments) {
  if (error.code == ErrorCode::kWrongSignature) {
    error.detail = fmt::format("the secret key does not belong to the access key {} (8521)",
                               arguments.access_key);
  } else if (error.code == ErrorCode::kUnknownKey) {
    error.detail = fmt::format("no account of {} has the access key {} (8513)", arguments.host,
                               arguments.access_key);
  } else if (!arguments.host.contains("://") && error.detail.contains("does not speak TLS")) {
    error.detail += fmt::format("; a port without TLS is http://{}", arguments.host);
  }
  return error;
}

// Tries the keys and the admin token; the text says how many devices the account has.
Result<std::string> checked(const client::ApiOptions& options, const LoginArguments& arguments) {
  GL_TRY(auto api, client::ApiClient::open(options));
  const auto devices = api.devices();
  if (!devices) return std::unexpected(explained(devices.error(), arguments));
  if (!options.admin_token.empty()) {
    const auto faults = api.administer("fault.list", {});
    if (!faults) {
      return fail(faults.error().code, fmt::format("{} refuses the admin token: {}", arguments.host,
                                                   faults.error().detail));
    }
  }
  return fmt::format(" with {} device{}", devices->size(), devices->size() == 1 ? "" : "s");
}

int list_profiles(const std::filesystem::path& folder) {
  for (const std::string& name : profile_names(folder)) {
    const auto profile = read_profile(folder, name);
    fmt::print("{}  {}\n", name, profile ? profile->server : profile.error().detail);
  }
  return 0;
}

int log_in(const LoginArguments& arguments) {
  const auto folder = profile_folder();
  if (!folder) return report_error(folder.error());
  if (arguments.list) return list_profiles(*folder);
  std::vector<std::string_view> missing;
  if (arguments.name.empty()) missing.emplace_back("PROFILE");
  if (arguments.host.empty()) missing.emplace_back("--host URL");
  if (arguments.access_key.empty()) missing.emplace_back("--access-key KEY");
  if (!missing.empty()) {
    return report_error(
        {.code = ErrorCode::kBadParams,
         .detail = fmt::format("gridloom login: {} {} missing; --list lists the "
                               "profiles there are",
                               fmt::join(missing, " and "), missing.size() == 1 ? "is" : "are")},
        kWrongUsage);
  }
  std::error_code error;
  client::ApiOptions options{.server = arguments.host, .access_key = arguments.access_key};
  if (!arguments.ca.empty()) options.ca = std::filesystem::absolute(arguments.ca, error);
  auto secret = secret_of(arguments);
  if (!secret) return report_error(secret.error(), kWrongUsage);
  options.secret_key = std::move(*secret);
  if (!arguments.admin_token_file.empty()) {
    auto token = secret_in_file(arguments.admin_token_file);
    if (!token) return report_error(token.error(), kWrongUsage);
    options.admin_token = std::move(*token);
  }
  warn_of_plain_text(arguments.host, options.admin_token);
  if (auto api = client::ApiClient::open(options); !api) {
    return report_error(api.error(), kWrongUsage);
  }
  const auto found = arguments.no_check ? Result<std::string>() : checked(options, arguments);
  if (!found) return report_error(found.error());
  if (Status written = write_profile(*folder, arguments.name, options); !written) {
    return report_error(written.error());
  }
  fmt::print("{}: an account of {}{}; try `gridloom status --profile {}`\n", arguments.name,
             arguments.host, *found, arguments.name);
  return 0;
}

int log_out(const LoginArguments& arguments) {
  const auto folder = profile_folder();
  if (!folder) return report_error(folder.error());
  if (Status removed = remove_profile(*folder, arguments.name); !removed) {
    return report_error(removed.error());
  }
  fmt::print("{}: removed\n", arguments.name);
  return 0;
}

}  // namespace

std::shared_ptr<void> add_login(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<LoginArguments>();
  LoginArguments& a = *kept;
  CLI::App* login =
      add_command(app, "login", "Keeps the keys of an account on any server as a profile");
  set_group(*login, group::kUse);
  set_examples(*login, {"gridloom login cloud --host https://api-e.ecoflow.com --access-key KEY",
                        "gridloom login --list"});
  add_value(*login, "name", a.name, placeholder::kProfile,
            "Name for the profile, for --profile of other commands");
  add_value(*login, "--host", a.host, "URL",
            "Server: https://api-e.ecoflow.com, or http://127.0.0.1:8080");
  add_value(*login, "--access-key", a.access_key, placeholder::kWord, "Access key of the account");
  add_value(*login, "--secret-key-file", a.secret_key_file, placeholder::kFile,
            "File with the secret key; - reads standard input. Without it, the key is in "
            "GRIDLOOM_SECRET_KEY, or is asked for");
  add_value(*login, "--admin-token-file", a.admin_token_file, placeholder::kFile,
            "File with a token of the scope admin (`gridloom token add`), for `gridloom fault`; - "
            "reads standard input");
  add_value(*login, "--ca", a.ca, placeholder::kFile,
            "Certificates to trust, such as data/tls/ca.pem; by default those of the system");
  add_flag(*login, "--no-check", a.no_check, "Do not try the keys");
  add_flag(*login, "--list", a.list, "List the profiles");
  set_action(*login, chosen, [&a] { return log_in(a); });
  return kept;
}

std::shared_ptr<void> add_logout(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<LoginArguments>();
  LoginArguments& a = *kept;
  CLI::App* logout = add_command(app, "logout", "Removes a profile and its keys");
  set_group(*logout, group::kUse);
  set_examples(*logout, {"gridloom logout cloud"});
  add_value(*logout, "name", a.name, placeholder::kProfile, "Name of the profile").required();
  set_action(*logout, chosen, [&a] { return log_out(a); });
  return kept;
}

}  // namespace gridloom::app
