// What is known to be lost or damaged in a data folder, until an administrator accepts it: a line
// each in DATA/damage.txt, so that it is told by every start and not only by the one that found it.
//
// Any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace gridloom::history {

class DamageNotes {
 public:
  // More are logged and not kept: the first ones say enough.
  static constexpr std::size_t kMostNotes = 100;

  // Reads the notes that are there. A file that cannot be read counts as none; that one is damaged
  // is a note of its own.
  explicit DamageNotes(const std::filesystem::path& data);

  // Logs an error and writes a line, unless the same text is noted already. `text` is one
  // line, without a path.
  void note(TimePoint at, std::string_view text);
  // "2026-11-21T10:00:00Z TEXT", the oldest first.
  [[nodiscard]] std::vector<std::string> all() const;
  [[nodiscard]] std::size_t count() const;
  // Nothing is noted any more. kIo: the file cannot be removed.
  [[nodiscard]] Status accept();

 private:
  void write() const;

  const std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::set<std::string, std::less<>> texts_;
};

// Whether the content of damage.txt is what was written: its first line is the checksum of the
// others, which an earlier version did not write.
[[nodiscard]] bool are_whole(std::string_view notes);

// A fault that keeps history from being opened; of a damaged history.db it says how to go on.
[[nodiscard]] Fault with_cure(Fault fault);

}  // namespace gridloom::history
