#include "app/command_line/home_options.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "app/command_line/common_options.h"
#include "app/command_line/data_folder.h"
#include "app/control/admin_client.h"
#include "app/home/home.h"
#include "app/home/profile.h"
#include "app/process/language.h"
#include "catalog/loader.h"

namespace gridloom::app {

std::string profile_of(const HomeOptions& options) {
  if (!options.profile.empty()) return options.profile;
  const bool names_folder = options.data_option && options.data_option->is_given();
  return names_folder ? std::string() : profile_of_environment();
}

Result<client::ApiOptions> keys_of_profile(const std::string& name) {
  const auto folder = profile_folder();
  if (!folder && name != kEnvironmentProfile) return std::unexpected(folder.error());
  return read_profile(folder.value_or(std::filesystem::path()), name);
}

bool has_home(const HomeOptions& options) {
  return !profile_of(options).empty() || has_data(options.data);
}

Result<std::unique_ptr<HomeConnection>> home_of(const HomeOptions& options) {
  const std::string name = profile_of(options);
  if (name.empty()) return local_home(options.data);
  GL_TRY(const auto keys, keys_of_profile(name));
  return remote_home(keys);
}

Result<wire::Json> administer(const HomeOptions& options, const wire::JsonObject& request) {
  const std::string name = profile_of(options);
  if (name.empty()) return ask_admin(options.data, request);
  GL_TRY(const auto keys, keys_of_profile(name));
  if (keys.admin_token.empty()) {
    return fail(ErrorCode::kConflict,
                fmt::format("the profile {} has no admin token: `gridloom token add NAME --scope "
                            "admin` on the server prints one, and `gridloom login {} ... "
                            "--admin-token-file FILE` keeps it",
                            name, name));
  }
  GL_TRY(auto api, client::ApiClient::open(keys));
  wire::JsonObject parameters = request;
  const std::string operation(wire::text_in(request, "op"));
  parameters.erase("op");
  auto answer = api.administer(operation, parameters);
  if (!answer && answer.error().code == ErrorCode::kUnknownKey) {
    answer.error().detail = fmt::format("the admin token of the profile {} is refused: {}", name,
                                        answer.error().detail);
  }
  return answer;
}

Result<std::shared_ptr<const catalog::Catalog>> catalog_of(const HomeOptions& options) {
  // Without translations all texts are English, which programs read.
  const bool is_english = options.json || language() == catalog::Language::kEnglish;
  return catalog::load_catalog(
      profile_of(options).empty() ? device_files(options.devices, options.data)
                                  : std::filesystem::path(options.devices),
      is_english ? catalog::Translations::kNone : catalog::Translations::kAll);
}

void add_server_options(CLI::App& command, HomeOptions& options) {
  const Option data = add_data_option(command, options.data);
  options.data_option = data;
  add_value(command, "--profile", options.profile, placeholder::kProfile,
            fmt::format("Profile of a server elsewhere, made by `gridloom login`, instead of "
                        "--data; its default is {}, where that is set",
                        kProfileVariable))
      .excludes(data);
}

void add_home_options(CLI::App& command, HomeOptions& options) {
  add_server_options(command, options);
  add_devices_option(command, options.devices);
  add_json_option(command, options.json);
}

Option add_device_argument(CLI::App& command, std::string& device) {
  return add_value(command, "device", device, placeholder::kSn, kDeviceHelp);
}

Result<OpenHome> open_home(const HomeOptions& options) {
  GL_TRY(auto catalog, catalog_of(options));
  GL_TRY(auto home, home_of(options));
  return OpenHome{.home = std::move(home), .catalog = std::move(catalog)};
}

Result<ShownDevice> device_of(OpenHome& home, const std::string& text) {
  GL_TRY(const auto devices, home.home->devices());
  return find_device(devices, text);
}

Result<OpenDevice> open_device(const HomeOptions& options, const std::string& text) {
  GL_TRY(auto home, open_home(options));
  GL_TRY(auto device, device_of(home, text));
  const catalog::FamilyPtr family = home.catalog->of_serial(device.sn);
  return OpenDevice{.home = std::move(home), .device = std::move(device), .family = family};
}

}  // namespace gridloom::app
