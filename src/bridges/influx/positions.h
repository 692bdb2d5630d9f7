// How far the database has each device's history, kept in a file of the bridge's folder. A position
// is the time of the last row that the database acknowledged; rows of that time may have to be
// written again. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/string_map.h"

namespace gridloom::bridges {

class Positions {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{16} * 1024 * 1024;

  // The positions of the file, if they are of this target: a database that is another one has
  // nothing. Without a file, or with a damaged one, all begins at `since_ms`.
  struct Options {
    std::filesystem::path file;
    std::string target;         // names the database
    std::int64_t since_ms = 0;  // of devices that have no position yet, if the file does not tell
  };
  [[nodiscard]] static Positions open(const Options& options);

  [[nodiscard]] std::int64_t since_ms() const { return since_ms_; }
  [[nodiscard]] std::int64_t of(std::string_view sn) const;
  void set(std::string_view sn, std::int64_t at_ms);
  // Writes the file if something changed.
  [[nodiscard]] Status save();

 private:
  std::filesystem::path file_;
  std::string target_;
  std::int64_t since_ms_ = 0;
  StringMap<std::int64_t> at_ms_;
  bool is_saved_ = false;
};

}  // namespace gridloom::bridges
