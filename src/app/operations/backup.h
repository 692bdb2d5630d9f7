// Backups: copies of a data folder, made while the server runs or while it is stopped;
// app/data_folder/restore.h restores them.
//
// Promise: everything acknowledged before back_up() was called is in the copy. The copy is in a
// state that a server could have left after a loss of power, and a server starts from the copy as
// it starts after such a loss. User documentation: docs/user/backup.md.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "app/operations/context.h"
#include "app/operations/operation.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::operations {

inline constexpr std::string_view kBackupOp = "backup";  // the only operation that takes hours

// A kind of file that the wing of homes keeps in a data folder.
struct FilesOfHome {
  std::string_view name;
  bool is_folder = false;  // of files *.json
  Status (*check)(const std::filesystem::path& file) = nullptr;
};
// In the order in which they are copied.
[[nodiscard]] std::span<const FilesOfHome> files_of_home();

// The operation backup.
[[nodiscard]] std::span<const Operation> backup_operations();

// Backs up into `folder`, which must be an absolute path, and must not exist or be empty. A failed
// backup removes everything it created. Other operations are not blocked meanwhile. The answer
// holds the number of files and bytes. kBadParams: the folder cannot be used; kConflict:
// context.stop was requested; kIo.
[[nodiscard]] Result<wire::Json> back_up(const Context& context,
                                         const std::filesystem::path& folder);

}  // namespace gridloom::operations
