#include "app/command_line/home_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <utility>

#include "app/home/local_home.h"
#include "app/home/profile.h"
#include "app/home/remote_home.h"
#include "catalog/loader.h"

namespace gridloom::app {
namespace {

Result<std::unique_ptr<Home>> home_of(const HomeOptions& options) {
  if (options.profile.empty()) return local_home(options.data);
  const auto folder = profile_folder();
  if (!folder) return std::unexpected(folder.error());
  const auto profile = read_profile(*folder, options.profile);
  if (!profile) return std::unexpected(profile.error());
  return remote_home(*profile);
}

}  // namespace

void add_home_options(CLI::App& command, HomeOptions& options) {
  CLI::Option* data =
      command.add_option("--data", options.data, "Data folder of the server on this machine")
          ->capture_default_str();
  command
      .add_option("--profile", options.profile,
                  "Profile of a server elsewhere, made by `gridloom login`, instead of --data")
      ->excludes(data);
  command.add_option("--devices", options.devices, "Folder with additional device files");
  command.add_flag("--json", options.json, "Print JSON");
}

Result<OpenHome> open_home(const HomeOptions& options) {
  auto catalog = catalog::load_catalog(options.devices);
  if (!catalog) return std::unexpected(catalog.error());
  auto home = home_of(options);
  if (!home) return std::unexpected(home.error());
  return OpenHome{.home = std::move(*home), .catalog = std::move(*catalog)};
}

Result<HomeDevice> device_of(OpenHome& home, const std::string& text) {
  const auto devices = home.home->devices();
  if (!devices) return std::unexpected(devices.error());
  return find_device(*devices, text);
}

int print_error(const Error& error, int exit_code) {
  fmt::print(stderr, "gridloom: {}\n", error.detail);
  return exit_code;
}

void print_json_line(const wire::JsonObject& object) { fmt::print("{}\n", wire::to_text(object)); }

}  // namespace gridloom::app
