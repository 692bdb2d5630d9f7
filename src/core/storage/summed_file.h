// A small private file with its checksum: a line with the SHA-256 of the text, and the text.
//
// Thread rule: any function from any thread; one writer per file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "storage/files.h"

namespace gridloom::storage {

// A file that records the highest number reached in another file, to detect a loss: if the other
// file has a lower number at start-up, it was replaced by an old copy or has lost its end.
//
// The file is written in place and without a sync: after a loss of power it may be empty (unless it
// was made by create()), or older than the file it describes. It contains the number twice, each
// with a line break: if the two differ, the file is damaged. One thread at a time.
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

// The text. kNotFound: there is no file. kMalformed: it is damaged. kIo: also if it is longer than
// `limit` bytes.
[[nodiscard]] Result<std::string> read_summed_file(const std::filesystem::path& file,
                                                   std::size_t limit);

// Durable on return; after a crash the file has all of the text, or what it had before.
[[nodiscard]] Status write_summed_file(const std::filesystem::path& file, std::string_view text);

}  // namespace gridloom::storage
