// A temporary folder that exists as long as the object. It is in memory where the machine supports
// that, because each change of the registry waits for the disk and a transcript makes several.
#pragma once

#include <filesystem>

namespace gridloom::transcripts {

class QuickFolder {
 public:
  QuickFolder();  // throws if no folder can be created
  QuickFolder(const QuickFolder&) = delete;
  QuickFolder& operator=(const QuickFolder&) = delete;
  ~QuickFolder();

  // Does not exist yet: the platform creates it.
  [[nodiscard]] std::filesystem::path data() const { return path_ / "data"; }

 private:
  std::filesystem::path path_;
};

}  // namespace gridloom::transcripts
