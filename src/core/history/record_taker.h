// Takes durable records of the journal into a builder, in order, and counts those that are none.
//
// Thread rule: add_readable() and malformed() from any thread, the others on the builder's.
#pragma once

#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdint>

#include "base/result.h"
#include "history/builder.h"
#include "history/readable_records.h"
#include "journal/journal.h"

namespace gridloom::history {

class RecordTaker {
 public:
  explicit RecordTaker(Builder& builder) : builder_(builder) {}

  // Adds a record that is_readable_at_once(), so that it can be read before its turn comes.
  void add_readable(const journal::Record& record) {
    note(record.sequence, builder_.add_readable(record.sequence, record.kind, record.payload));
  }
  // A record whose turn has come; add_readable() was called with it if it can be read at once.
  void take(const journal::Record& record) {
    if (is_readable_at_once(record.kind)) {
      builder_.mark_taken(record.sequence);
      taken_ = record.sequence;
      return;
    }
    take_whole(record);
  }
  // A record that the journal had at the start.
  void take_whole(const journal::Record& record) {
    taken_ = record.sequence;
    note(record.sequence, builder_.take(record.sequence, record.kind, record.payload));
  }
  // The records up to there are gone.
  void leave_out(std::uint64_t through) {
    spdlog::error("the log has no records from {} to {} any more: they are left out", taken_ + 1,
                  through);
    taken_ = through;
    builder_.mark_taken(through);
  }

  // The last record that was taken since the start.
  [[nodiscard]] std::uint64_t taken() const { return taken_; }
  [[nodiscard]] std::uint64_t malformed() const { return malformed_; }

 private:
  void note(std::uint64_t sequence, const Status& read) {
    if (read) return;
    ++malformed_;
    spdlog::error("record {} of the log is left out of the history: {}", sequence,
                  read.error().detail);
  }

  Builder& builder_;
  std::uint64_t taken_ = 0;
  std::atomic<std::uint64_t> malformed_{0};
};

}  // namespace gridloom::history
