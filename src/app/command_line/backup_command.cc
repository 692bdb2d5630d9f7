// `gridloom backup` and `gridloom restore`. User documentation: docs/user/backup.md.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <future>
#include <string>
#include <string_view>
#include <system_error>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/operation_command.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "app/data_folder/restore.h"
#include "app/operations/backup.h"
#include "app/process/progress.h"
#include "server/stores.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

struct BackupArguments {
  std::string folder;
  std::string data;
  bool json = false;
};

constexpr std::chrono::milliseconds kPollInterval{250};

// Bytes of all files below a folder that another process may be changing.
std::uint64_t bytes_in(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  std::filesystem::recursive_directory_iterator at(folder, error);
  for (; !error && at != std::filesystem::recursive_directory_iterator(); at.increment(error)) {
    std::error_code failed;
    const std::uintmax_t size = at->is_regular_file(failed) ? at->file_size(failed) : 0;
    if (!failed) bytes += size;
  }
  return bytes;
}

// The server makes the backup; its size on the disk shows how far it is.
Result<wire::Json> make_backup(const BackupArguments& arguments,
                               const std::filesystem::path& folder) {
  Progress progress;
  const auto whole = static_cast<double>(bytes_in(arguments.data));
  auto answer = std::async(std::launch::async, [&] {
    return ask_admin(arguments.data, {{"op", operations::kBackupOp}, {"folder", folder.string()}});
  });
  while (answer.wait_for(kPollInterval) != std::future_status::ready) {
    const std::uint64_t made = bytes_in(folder);
    // Not every file of the data folder is in a backup.
    const double share = std::min(static_cast<double>(made) / std::max(whole, 1.0), 0.99);
    progress.show(share, bytes_text(made));
  }
  return answer.get();
}

int run_backup(const BackupArguments& arguments) {
  std::error_code error;
  const std::filesystem::path folder =
      std::filesystem::absolute(arguments.folder, error).lexically_normal();
  const auto answer = make_backup(arguments, folder);
  if (!answer) return report_error(answer.error());
  print_object(answer->get_object(), arguments.json);
  return 0;
}

int run_restore(const BackupArguments& arguments) {
  const auto done = restore(arguments.folder, arguments.data);
  if (!done) {
    // A backup that is not whole is no wrong usage, whatever the error's code.
    fmt::print(stderr, "gridloom: {}\n", done.error().detail);
    return kFailed;
  }
  if (!done->hashed) {
    fmt::print(stderr,
               "gridloom: the backup was made by an earlier version, which wrote no hashes: only "
               "the sizes of its files were verified\n");
  }
  if (const auto place = server::database_of(arguments.data); place && *place) {
    print_note(
        fmt::format("accounts, devices, sessions and history are not in the backup: they "
                    "are in the database {}, to be restored by its own tools",
                    (*place)->url));
  }
  print_object({{"restored", arguments.data}}, arguments.json);
  return 0;
}

}  // namespace

std::shared_ptr<void> add_backup(CLI::App& app, std::function<int()>& chosen) {
  const auto arguments = std::make_shared<BackupArguments>();
  BackupArguments& a = *arguments;
  CLI::App* backup = add_command(app, "backup", operation_text(operations::kBackupOp));
  set_group(*backup, group::kRun);
  set_examples(*backup, {"gridloom backup /var/backups/gridloom"});
  add_parameter(*backup, operations::kBackupOp, "folder", "folder", a.folder, placeholder::kFolder);
  add_data_option(*backup, a.data);
  add_json_option(*backup, a.json);
  set_action(*backup, chosen, [arguments] { return run_backup(*arguments); });
  CLI::App* restored = add_command(app, "restore", "Makes a data folder from a backup");
  set_group(*restored, group::kRun);
  set_examples(*restored, {"gridloom restore /var/backups/gridloom --data data"});
  add_value(*restored, "folder", a.folder, placeholder::kFolder, "Folder of the backup").required();
  add_value(*restored, "--data", a.data, placeholder::kFolder,
            "Target folder; it must be empty or must not exist yet")
      .required();
  add_json_option(*restored, a.json);
  set_action(*restored, chosen, [arguments] { return run_restore(*arguments); });
  return arguments;
}

}  // namespace gridloom::app
