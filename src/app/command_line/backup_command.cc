#include "app/command_line/backup_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "app/control/admin.h"
#include "app/control/admin_client.h"
#include "app/data_folder/restore.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

struct Arguments {
  std::string folder;
  std::string data = "data";
};

int run_backup(const Arguments& arguments) {
  std::error_code error;
  const std::filesystem::path folder =
      std::filesystem::absolute(arguments.folder, error).lexically_normal();
  const auto answer = ask_admin(arguments.data, {{"op", kBackupOp}, {"folder", folder.string()}});
  if (!answer) {
    fmt::print(stderr, "gridloom: {}\n", answer.error().detail);
    return 1;
  }
  for (const auto& [key, value] : answer->get_object()) {
    fmt::print("{}: {}\n", std::string_view(key),
               value.is_string() ? std::string(value.get_string()) : wire::to_text(value));
  }
  return 0;
}

int run_restore(const Arguments& arguments) {
  const auto done = restore(arguments.folder, arguments.data);
  if (!done) {
    fmt::print(stderr, "gridloom: {}\n", done.error().detail);
    return 1;
  }
  if (!done->hashed) {
    fmt::print(stderr,
               "gridloom: the backup was made by an earlier version, which wrote no hashes: only "
               "the sizes of its files were verified\n");
  }
  fmt::print("restored: {}\n", arguments.data);
  return 0;
}

}  // namespace

std::shared_ptr<void> add_backup(CLI::App& app, std::function<int()>& chosen) {
  const auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* backup =
      app.add_subcommand("backup", "Makes a backup of a data folder, also while its server runs");
  backup->add_option("folder", a.folder, "Target folder; it must be empty or must not exist yet")
      ->required();
  backup->add_option("--data", a.data, "Data folder of the server")->capture_default_str();
  backup->callback(
      [arguments, &chosen] { chosen = [arguments] { return run_backup(*arguments); }; });
  CLI::App* restored = app.add_subcommand("restore", "Makes a data folder from a backup");
  restored->add_option("folder", a.folder, "Folder of the backup")->required();
  restored->add_option("--data", a.data, "Target folder; it must be empty or must not exist yet")
      ->required();
  restored->callback(
      [arguments, &chosen] { chosen = [arguments] { return run_restore(*arguments); }; });
  return arguments;
}

}  // namespace gridloom::app
