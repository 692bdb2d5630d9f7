// An archive in a folder, for tests of its writers and readers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/clock.h"
#include "history/archive.h"
#include "history/instant_journal.h"
#include "storage/files.h"
#include "storage/sqlite.h"
#include "testing/must.h"

namespace gridloom::history {

// Opens and starts an archive; throws if it cannot be opened.
inline std::unique_ptr<Archive> open_archive(const std::filesystem::path& data, const Clock& clock,
                                             HourIntegrator integrate) {
  static_cast<void>(storage::make_data_folder(data));
  auto archive = Archive::open(
      {.data = data, .clock = &clock, .limits = {}, .integrate = std::move(integrate)});
  if (!archive) throw std::runtime_error(archive.error().detail);
  (*archive)->start({});
  return std::move(*archive);
}

// Overwrites the index of the stored energies, of an archive that is closed: reading them fails.
inline void damage_energies(const std::filesystem::path& data) {
  const std::filesystem::path path = data / "history.db";
  std::int64_t root = 0;
  std::int64_t page = 0;
  {
    storage::Database database = must(storage::Database::open(path));
    must(database.run("PRAGMA wal_checkpoint(truncate)"));
    root = must(database.integer(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_energy_hour_1'"));
    page = must(database.integer("PRAGMA page_size"));
  }
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp((root - 1) * page);
  file.write(std::string(static_cast<std::size_t>(page), '\xAA').data(), page);
}

}  // namespace gridloom::history
