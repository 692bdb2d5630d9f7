// The options that all commands have which see a home: whose it is, and how to print it.
#pragma once

#include <memory>
#include <string>

#include "app/command_line/command.h"
#include "app/home/home.h"
#include "base/result.h"
#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::app {

struct HomeOptions {
  std::string data{};
  std::string profile{};  // empty: the server on the data folder
  std::string devices{};  // folder with additional device files
  bool json = false;
};

void add_home_options(CLI::App& command, HomeOptions& options);
// The argument that names one device of the home (device_of()); optional, unless required().
Option add_device_argument(CLI::App& command, std::string& device);

// A home with the device families that its devices have.
struct OpenHome {
  std::unique_ptr<Home> home;
  std::shared_ptr<const catalog::Catalog> catalog;
};
[[nodiscard]] Result<OpenHome> open_home(const HomeOptions& options);

// Finds the device that the user means (find_device()).
[[nodiscard]] Result<HomeDevice> device_of(OpenHome& home, const std::string& text);

// A home, and the one device of it that a command is about.
struct OpenDevice {
  OpenHome home;
  HomeDevice device;
  catalog::FamilyPtr family;
};
[[nodiscard]] Result<OpenDevice> open_device(const HomeOptions& options, const std::string& text);

}  // namespace gridloom::app
