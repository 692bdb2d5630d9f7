#include "transcripts/quick_folder.h"

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>

namespace gridloom::transcripts {

namespace fs = std::filesystem;

QuickFolder::QuickFolder() {
  std::error_code ignored;
  for (const fs::path& place : std::array{fs::path("/dev/shm"), fs::temp_directory_path(ignored)}) {
    std::string name = (place / "gridloom-transcript-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) continue;
    path_ = name;
    return;
  }
  throw std::runtime_error("no temporary folder can be created");
}

QuickFolder::~QuickFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace gridloom::transcripts
