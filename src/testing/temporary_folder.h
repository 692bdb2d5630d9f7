// A temporary folder that is removed with its object, and helpers for the files in it.
//
// The folder is in memory where the machine has room for that, because registry and history wait
// for the disk with each change. Its name is unique, so that any number of tests run at once.
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace gridloom {

class TemporaryFolder {
 public:
  // Throws if no folder can be made.
  TemporaryFolder() {
    // Containers often have only 64 MB there.
    constexpr std::uintmax_t kEnough_bytes = std::uintmax_t{1} << 28U;
    std::error_code ignored;
    const std::filesystem::path memory = "/dev/shm";
    const auto space = std::filesystem::space(memory, ignored);
    const bool has_memory = !ignored && space.available >= kEnough_bytes;
    for (const auto& parent : std::array{has_memory ? memory : std::filesystem::path(),
                                         std::filesystem::temp_directory_path(ignored)}) {
      std::string name = (parent / "gridloom-test-XXXXXX").string();
      if (parent.empty() || ::mkdtemp(name.data()) == nullptr) continue;
      path_ = name;
      return;
    }
    throw std::runtime_error("no temporary folder can be created");
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // A data folder that does not exist yet: the code under test creates it.
  [[nodiscard]] std::filesystem::path data() const { return path_ / "data"; }

 private:
  std::filesystem::path path_;
};

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_content(const std::filesystem::path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

// The permission bits of a file; 0 if it does not exist.
inline unsigned mode_of(const std::filesystem::path& path) {
  struct stat facts{};
  return ::stat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777U : 0U;
}

}  // namespace gridloom
