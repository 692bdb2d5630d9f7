// The start of a server with `--lab`, to which a reset brings it back: what is in its data folder
// once it is ready for the first time, with accounts, keys, devices and history. User
// documentation: docs/user/emulator.md.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace gridloom::app {

// Keeps what is in the folder as DIR/start, in place of what was kept before. Nobody works on the
// folder.
[[nodiscard]] Status keep_start(const std::filesystem::path& data);

// Brings the folder back to what keep_start() has kept. Nobody works on it.
[[nodiscard]] Status restore_start(const std::filesystem::path& data);

}  // namespace gridloom::app
