// The way back from a backup (app/backup.h) to a data folder.
//
// Promise: however a restore ends, also by a kill or a loss of power, the data folder is afterwards
// what it was before or the whole backup, with every byte verified. The copy is made in a folder
// beside it, DATA.restoring, and gets its name when all of it is on the disk. Where that cannot be,
// because DATA is a mount point or its parent belongs to somebody else, the copy is made in
// DATA/restoring and moved out of there at the end; as long as there is a DATA/restoring no other
// command works on the folder. What a killed restore left behind is removed by the next.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace gridloom::app {

struct Restored {
  bool hashed = true;  // false: the backup has no hashes, and only sizes were verified
};

// Makes a data folder of the backup in `folder`. `data` must not be there or be empty. kBadParams:
// it is not, or there is no whole backup in `folder`, or a file of it is damaged; kConflict:
// another restore works on `data`; kIo.
[[nodiscard]] Result<Restored> restore(const std::filesystem::path& folder,
                                       const std::filesystem::path& data);

// kConflict: a restore into `data` was begun and has not ended, so nobody may use the folder yet.
[[nodiscard]] Status check_no_restore(const std::filesystem::path& data);

}  // namespace gridloom::app
