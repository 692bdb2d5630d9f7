// Notes of known loss or damage in a data folder, kept until an administrator accepts them. Each
// note is a line in DATA/damage.txt, so that every start reports it and not only the one that found
// it.
//
// Thread rule: any thread.
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
  // Further notes are logged but not kept: the first ones are enough.
  static constexpr std::size_t kMaxNotes = 100;

  // Reads the existing notes. A file that cannot be read counts as empty; a damaged file becomes a
  // note itself.
  explicit DamageNotes(const std::filesystem::path& data);

  // Logs an error and writes a line, unless the same text is noted already. `text` is one line,
  // without a path.
  void note(TimePoint at, std::string_view text);
  // Notes a damaged page: the error of a read, whose text begins with the path of the database.
  void note_page(TimePoint at, const Error& error);
  // Lines such as "2026-11-21T10:00:00Z TEXT", oldest first.
  [[nodiscard]] std::vector<std::string> all() const;
  [[nodiscard]] std::size_t count() const;
  // Deletes all notes. kIo: the file cannot be removed.
  [[nodiscard]] Status accept();

 private:
  void write() const;

  const std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::set<std::string, std::less<>> texts_;
};

// True if the content of damage.txt is unchanged since it was written: its first line is the
// checksum of the other lines. An earlier version wrote no checksum.
[[nodiscard]] bool is_intact(std::string_view notes);

}  // namespace gridloom::history
