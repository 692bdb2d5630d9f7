// Restores a data folder from a backup (app/operations/backup.h).
//
// Promise: however a restore ends, also by a kill or a loss of power, the data folder is afterwards
// either unchanged or the whole backup, with every byte verified. The copy is made in a sibling
// folder, DATA.restoring, which is renamed once all of it is on disk. Where that is impossible,
// because DATA is a mount point or its parent belongs to another user, the copy is made in
// DATA/restoring and moved to DATA at the end; as long as DATA/restoring exists, no other command
// works on the folder. The next restore removes what a killed restore left behind.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace gridloom::app {

struct Restored {
  bool hashed = true;  // false: the backup has no hashes, and only sizes were verified
};

// Restores the backup in `folder` to `data`, which must not exist or be empty. kBadParams: `data`
// is not empty, or `folder` holds no complete backup, or a file of the backup is damaged;
// kConflict: another restore works on `data`; kIo.
[[nodiscard]] Result<Restored> restore(const std::filesystem::path& folder,
                                       const std::filesystem::path& data);

// kConflict: a restore into `data` was begun and has not ended, so the folder must not be used.
[[nodiscard]] Status check_no_restore(const std::filesystem::path& data);

}  // namespace gridloom::app
