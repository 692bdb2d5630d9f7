// A file that records the highest number reached in another file, to detect a loss: if the other
// file has a lower number at start-up, it was replaced by an old copy or has lost its end.
//
// The file is written in place and without a sync: after a loss of power it may be empty (unless it
// was made by create()), or older than the file it describes. It contains the number twice, each
// with a line break: if the two differ, the file is damaged. One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

#include "storage/files.h"

namespace gridloom::storage {

class SeenNumber {
 public:
  explicit SeenNumber(std::filesystem::path file) : file_(std::move(file)) {}

  // nullopt if the file does not exist or is damaged.
  [[nodiscard]] std::optional<std::uint64_t> read() const;
  // Makes a file that is there after a loss of power. If that fails, there is none.
  void create(std::uint64_t number);
  // Removes the file if it cannot be written: with an old number it would not show a loss.
  void remember(std::uint64_t number);

 private:
  [[nodiscard]] bool write(std::uint64_t number);

  std::filesystem::path file_;
  FileDescriptor open_;
};

}  // namespace gridloom::storage
