// The journal of a server that has its data folder for itself: the log on disk, DATA/log, with the
// interfaces by which the hub writes and history reads. The log numbers the records of all
// partitions together.
//
// Thread rule: from() first; after that any function from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "journal/journal.h"
#include "journal/journal_reader.h"
#include "journal/local/disk.h"
#include "journal/local/log.h"
#include "journal/local/log_scan.h"

namespace gridloom::journal {

class LocalJournal final : public Journal, public JournalReader {
 public:
  struct Options {
    std::filesystem::path data;
    const Clock* clock = nullptr;  // outlives the journal
    LogLimits limits{};
    std::uint64_t known = 0;  // as Log::Options::known
  };
  explicit LocalJournal(Options options);
  // Writes the waiting records, as far as the disk allows: what on_records uses is still there.
  ~LocalJournal() override = default;

  // Opens the log. kIo also if DATA/log.seen cannot be read, which a lower number must not replace.
  [[nodiscard]] Status from(const Positions& positions, OnRecords on_records) override;
  // The log keeps what any partition needs.
  void trim(const Positions& positions) override;
  [[nodiscard]] bool is_short_of_room() const override;

  [[nodiscard]] Result<Positions> read(const Positions& after, const Positions& through,
                                       const OnRecord& on_record) override;

  [[nodiscard]] bool behind() const override { return log_->behind(); }
  [[nodiscard]] std::string failing() const override;

  // Returns when everything appended so far is durable; false: the disk refuses. Not to be called
  // on the journal's own thread.
  [[nodiscard]] bool flush() { return log_->flush(); }
  [[nodiscard]] const Log& log() const { return *log_; }

 private:
  std::uint64_t append_record(RecordKind kind, std::string payload, Task durable,
                              std::size_t waiters) override;

  Options options_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Disk> reading_disk_;  // of scan_
  std::optional<LogScan> scan_;         // of read()
  std::unique_ptr<Log> log_;
};

}  // namespace gridloom::journal
