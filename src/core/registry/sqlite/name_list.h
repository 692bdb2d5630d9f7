// The names in a registry, for suggestions while a command is typed: read without the key file, and
// without waiting for, or disturbing, a server that uses the folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace gridloom::registry {

struct NameList {
  std::vector<std::string> serial_numbers;  // in order
  std::vector<std::string> device_names;    // by serial number, in the same order
  std::vector<std::string> accounts;        // in order
};

// Changes nothing. kIo, kDamaged: there is no registry in the folder, or it cannot be read.
[[nodiscard]] Result<NameList> read_names(const std::filesystem::path& data_folder);

}  // namespace gridloom::registry
