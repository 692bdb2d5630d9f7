#include "history/archive_journal.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "journal/local/local_journal.h"
#include "journal/local/log.h"

namespace gridloom::history {
namespace {

class LocalArchiveJournal final : public ArchiveJournal {
 public:
  LocalArchiveJournal(const journal::LocalJournal::Options& options,
                      const journal::StoredUpTo& stored)
      : data_(options.data),
        clock_(*options.clock),
        most_bytes_(options.limits.most_bytes),
        stored_(stored),
        journal_(options) {}

  [[nodiscard]] journal::Journal& journal() override { return journal_; }
  [[nodiscard]] journal::JournalReader& reader() override { return journal_; }
  [[nodiscard]] bool flush() override { return journal_.flush(); }
  // A folder has one server, which nobody can overtake.
  void abandon() override {}
  [[nodiscard]] std::vector<journal::LossNote> losses() const override {
    return journal::loss_notes(journal_.log().loss(), stored_);
  }
  [[nodiscard]] Health health() const override {
    const journal::Log& log = journal_.log();
    return {.log = log.health(), .bytes = log.bytes(), .waiting_bytes = log.waiting_bytes()};
  }
  [[nodiscard]] std::optional<Millis> lasts() const override {
    const journal::Log& log = journal_.log();
    const auto bytes = static_cast<double>(log.bytes());
    std::error_code unknown;
    const std::filesystem::space_info disk = std::filesystem::space(data_, unknown);
    const double room = static_cast<double>(most_bytes_) - bytes;
    const double left = unknown ? room : std::min(room, static_cast<double>(disk.available));
    const auto grew_ms = static_cast<double>((clock_.now() - log.oldest()).count());
    if (left <= 0 || bytes <= 0 || grew_ms <= 0) return Millis{0};
    constexpr double kMost_ms = 1e15;
    return Millis(static_cast<Millis::rep>(std::min(left / bytes * grew_ms, kMost_ms)));
  }

 private:
  const std::filesystem::path data_;
  const Clock& clock_;
  const std::uint64_t most_bytes_;
  const journal::StoredUpTo stored_;
  journal::LocalJournal journal_;
};

}  // namespace

MakeJournal local_archive_journal(std::filesystem::path data, const Clock& clock,
                                  const journal::LogLimits& limits) {
  return [data = std::move(data), &clock, limits](const journal::StoredUpTo& stored) {
    return std::make_unique<LocalArchiveJournal>(
        journal::LocalJournal::Options{.data = data,
                                       .clock = &clock,
                                       .limits = limits,
                                       .known = std::max(stored.some_of_history, stored.sessions)},
        stored);
  };
}

}  // namespace gridloom::history
