// Notes of known loss or damage in a data folder, kept until an administrator accepts them. Each
// note is a line in DATA/damage.txt, so that every start reports it and not only the one that found
// it.
//
// The nodes of a cluster share their notes: each moves its own to the database, and shows all that
// are there (node/shared_view.h). Then the file has those that are not there yet.
//
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace gridloom::history {

// The key of a note. A start that finds a loss again may know better whose reports are missing: of
// "DEV-1 lacks TIME to TIME: WHY" it is WHY.
[[nodiscard]] constexpr std::string_view key_of_note(std::string_view text) {
  constexpr std::string_view kEnd = "Z: ";
  const std::size_t end = text.find(kEnd);
  return end == std::string_view::npos ? text : text.substr(end + kEnd.size());
}

class DamageNotes {
 public:
  // Further notes are logged but not kept: the first ones are enough.
  static constexpr std::size_t kMaxNotes = 100;

  // Reads the existing notes. A file that cannot be read counts as empty; a damaged file becomes a
  // note itself.
  explicit DamageNotes(const std::filesystem::path& data);

  // Logs an error and writes a line, unless it is noted already. `text` is one line,
  // without a path.
  void note(TimePoint at, std::string_view text);
  // Notes a damaged page: the error of a read, whose text begins with the path of the database.
  void note_page(TimePoint at, const Error& error);
  // Lines such as "2026-11-21T10:00:00Z TEXT", oldest first.
  [[nodiscard]] std::vector<std::string> all() const;
  [[nodiscard]] std::size_t count() const;
  // Deletes all notes. kIo: the file cannot be removed. Fails as the function of on_accept().
  [[nodiscard]] Status accept();

  // The lines of the file.
  [[nodiscard]] std::vector<std::string> own() const;
  // These of them are shared now.
  void remove_shared(const std::vector<std::string>& lines);
  // The shared ones were accepted: what persists is noted again.
  void forget_shared();
  // Those that are shared, of whichever folder, are shown with the own ones.
  void show_shared(std::vector<std::string> lines);
  // Called first by accept(), on its thread: deletes those that are shared.
  void on_accept(std::function<Status()> accept_shared);

 private:
  void write() const;
  [[nodiscard]] Status remove_file() const;

  const std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::set<std::string, std::less<>> known_;  // by key_of_note(), also those that are shared
  std::vector<std::string> shared_;
  std::function<Status()> accept_shared_;
};

// True if the content of damage.txt is unchanged since it was written: its first line is the
// checksum of the other lines. An earlier version wrote no checksum.
[[nodiscard]] bool is_intact(std::string_view notes);

}  // namespace gridloom::history
