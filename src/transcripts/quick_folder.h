// A folder that is there as long as this is; in memory where the machine has that, as a change of
// the registry waits for the disk, and a transcript makes several.
#pragma once

#include <filesystem>

namespace gridloom::transcripts {

class QuickFolder {
 public:
  QuickFolder();  // throws if there is no place for one
  QuickFolder(const QuickFolder&) = delete;
  QuickFolder& operator=(const QuickFolder&) = delete;
  ~QuickFolder();

  // Not there yet: the platform makes it.
  [[nodiscard]] std::filesystem::path data() const { return path_ / "data"; }

 private:
  std::filesystem::path path_;
};

}  // namespace gridloom::transcripts
