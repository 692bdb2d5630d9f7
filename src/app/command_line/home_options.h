// The options that all commands have which see a home, or administer a server here or elsewhere:
// whose it is, and how to print it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/command_line/command.h"
#include "app/home/home.h"
#include "base/result.h"
#include "catalog/family.h"
#include "client/api_client.h"
#include "wire/json.h"

namespace gridloom::app {

struct HomeOptions {
  std::string data{};
  std::string profile{};  // as it is given; profile_of() says which one counts
  std::string devices{};  // folder with additional device files; empty: those of the server
  bool json = false;
  std::optional<Option> data_option{};
};

// Adds --data and --profile alone, for a command that shows no values.
void add_server_options(CLI::App& command, HomeOptions& options);
// Adds all of the options.
void add_home_options(CLI::App& command, HomeOptions& options);
// The help of an option or argument that names a device of the home (find_device()).
inline constexpr std::string_view kDeviceHelp =
    "Serial number, its beginning, or the name or a part of it";
// The argument that names one device of the home (device_of()); optional, unless required().
Option add_device_argument(CLI::App& command, std::string& device);

// The profile of the command: --profile, or without --data that of GRIDLOOM_PROFILE. Empty: the
// server on the data folder.
[[nodiscard]] std::string profile_of(const HomeOptions& options);
// The keys of a profile; of "env", those of the environment.
[[nodiscard]] Result<client::ApiOptions> keys_of_profile(const std::string& name);
// Whether there is a home to ask: a profile, or a data folder with devices.
[[nodiscard]] bool has_home(const HomeOptions& options);
[[nodiscard]] Result<std::unique_ptr<HomeConnection>> home_of(const HomeOptions& options);
// Carries out an operation of administration (app/operations/table.h), {"op": its name, ...}: on
// the data folder, or with the admin token of the profile on its server. kConflict: the profile has
// no such token.
[[nodiscard]] Result<wire::Json> administer(const HomeOptions& options,
                                            const wire::JsonObject& request);
[[nodiscard]] Result<std::shared_ptr<const catalog::Catalog>> catalog_of(
    const HomeOptions& options);

// A home with the device families that its devices have.
struct OpenHome {
  std::unique_ptr<HomeConnection> home;
  std::shared_ptr<const catalog::Catalog> catalog;
};
[[nodiscard]] Result<OpenHome> open_home(const HomeOptions& options);

// Finds the device that the user means (find_device()).
[[nodiscard]] Result<ShownDevice> device_of(OpenHome& home, const std::string& text);

// A home, and the one device of it that a command is about.
struct OpenDevice {
  OpenHome home;
  ShownDevice device;
  catalog::FamilyPtr family;
};
[[nodiscard]] Result<OpenDevice> open_device(const HomeOptions& options, const std::string& text);

}  // namespace gridloom::app
