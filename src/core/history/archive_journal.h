// The journal that an archive is in front of: a log on disk, or of a cluster's slot the log in
// NATS. An archive opens it once it knows up to which record the stores have everything.
//
// Thread rule: as for the journal; those functions that say so from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "journal/journal.h"
#include "journal/journal_reader.h"
#include "journal/local/log.h"
#include "journal/loss_note.h"

namespace gridloom::history {

class ArchiveJournal {
 public:
  ArchiveJournal() = default;
  ArchiveJournal(const ArchiveJournal&) = delete;
  ArchiveJournal& operator=(const ArchiveJournal&) = delete;
  virtual ~ArchiveJournal() = default;

  [[nodiscard]] virtual journal::Journal& journal() = 0;
  [[nodiscard]] virtual journal::JournalReader& reader() = 0;
  // Returns when everything appended so far is durable; false: it cannot be made so now. Not to be
  // called on the journal's own thread.
  [[nodiscard]] virtual bool flush() = 0;
  // Nothing becomes durable from now on. Does not wait. Any thread.
  virtual void abandon() = 0;

  // The records that the journal should have and does not, once it was read.
  [[nodiscard]] virtual std::vector<journal::LossNote> losses() const = 0;
  struct Health {
    journal::LogHealth log{};
    std::uint64_t bytes = 0;        // that it keeps
    std::size_t waiting_bytes = 0;  // of records that are not yet reported as durable
  };
  [[nodiscard]] virtual Health health() const = 0;
  // How long it continues to take records that cannot be stored, at the rate at which it grew;
  // nothing: that is not known.
  [[nodiscard]] virtual std::optional<Millis> lasts() const { return std::nullopt; }
};

// Makes the journal, which is not read yet. kDamaged: the stores do not fit it.
using MakeJournal =
    std::function<Result<std::unique_ptr<ArchiveJournal>>(const journal::StoredUpTo& stored)>;

// The journal of a server's data folder: journal/local/local_journal.h.
// `clock` outlives the journal.
[[nodiscard]] MakeJournal local_archive_journal(std::filesystem::path data, const Clock& clock,
                                                const journal::LogLimits& limits);

}  // namespace gridloom::history
