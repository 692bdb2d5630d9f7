// A journal in memory, for tests of those who read one: the test is its thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "journal/batch.h"
#include "journal/journal.h"
#include "journal/journal_reader.h"

namespace gridloom::history {

class MemoryJournal final : public journal::JournalReader {
 public:
  // The record is durable when this returns, and was handed to the reader, if there is one.
  std::uint64_t append(journal::RecordKind kind, std::string payload) {
    {
      const std::lock_guard lock(mutex_);
      records_.push_back({.kind = kind, .payload = std::move(payload)});
    }
    if (on_records_) hand_over(records_.size());
    return records_.size();
  }
  // A report with one value.
  std::uint64_t report(DeviceNumber device, std::int64_t at_ms, std::string_view name,
                       std::string_view json) {
    journal::BatchWriter writer;
    writer.begin(device, at_ms);
    writer.add(name, json);
    writer.end();
    return append(journal::RecordKind::kReports, writer.take());
  }
  // read() finds no record behind this one any more.
  void lose(std::uint64_t behind) {
    const std::lock_guard lock(mutex_);
    readable_ = behind;
  }
  void set_short_of_room() { is_short_of_room_ = true; }
  // Ends the reader's part: another may read.
  void forget_reader() { on_records_ = nullptr; }

  // What from() was called with last.
  [[nodiscard]] const journal::Positions& read_from() const { return read_from_; }
  // What trim() was called with last; nothing: it was not called.
  [[nodiscard]] std::optional<journal::Positions> trimmed() const {
    const std::lock_guard lock(mutex_);
    return trimmed_;
  }

  [[nodiscard]] Status from(const journal::Positions& positions, OnRecords on_records) override {
    read_from_ = positions;
    on_records_ = std::move(on_records);
    for (std::uint64_t sequence = positions.least() + 1; sequence <= records_.size(); ++sequence) {
      hand_over(sequence);
    }
    return {};
  }
  [[nodiscard]] Result<journal::Positions> read(const journal::Positions& after,
                                                const journal::Positions& through,
                                                const OnRecord& on_record) override {
    std::uint64_t last = after.least();
    while (last < through.least()) {
      Kept kept;
      {
        const std::lock_guard lock(mutex_);
        if (last >= readable_) break;
        kept = records_[last];
      }
      ++last;
      if (!on_record({.sequence = last, .kind = kept.kind, .payload = kept.payload})) break;
    }
    return journal::Positions::everywhere(last);
  }
  [[nodiscard]] bool is_short_of_room() const override { return is_short_of_room_; }
  void trim(const journal::Positions& positions) override {
    const std::lock_guard lock(mutex_);
    trimmed_ = positions;
  }

 private:
  struct Kept {
    journal::RecordKind kind{};
    std::string payload;
  };
  void hand_over(std::uint64_t sequence) {
    const Kept& kept = records_[sequence - 1];
    const journal::Record record{.sequence = sequence, .kind = kept.kind, .payload = kept.payload};
    on_records_(std::span(&record, 1));
  }

  std::atomic<bool> is_short_of_room_ = false;
  std::uint64_t readable_ = std::numeric_limits<std::uint64_t>::max();
  std::vector<Kept> records_;  // of the sequence numbers from 1 on
  OnRecords on_records_;
  journal::Positions read_from_;
  mutable std::mutex mutex_;  // guards trimmed_, and records_ while they are read
  std::optional<journal::Positions> trimmed_;
};

}  // namespace gridloom::history
