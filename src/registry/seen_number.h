// A file that remembers how far another one came, so that a loss shows: what says less at a start
// was replaced by an old copy, or has lost its end.
//
// It is written in place and without a sync: after a loss of power it may be older than what it is
// about, or empty. The number stands in it twice, each with a line break: one that is not what the
// other is was damaged.
// One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

#include "registry/files.h"

namespace gridloom::registry {

class SeenNumber {
 public:
  explicit SeenNumber(std::filesystem::path file) : file_(std::move(file)) {}

  // Nothing: it is not there, or damaged.
  [[nodiscard]] std::optional<std::uint64_t> read() const;
  // A file that cannot be written goes: with an old number it would not tell of a loss.
  void remember(std::uint64_t number);

 private:
  [[nodiscard]] bool write(std::uint64_t number);

  std::filesystem::path file_;
  FileDescriptor open_;
};

}  // namespace gridloom::registry
