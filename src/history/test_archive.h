// An archive in a folder, for tests of its writers and readers.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <utility>

#include "base/clock.h"
#include "history/archive.h"
#include "history/instant_journal.h"
#include "storage/files.h"

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

}  // namespace gridloom::history
