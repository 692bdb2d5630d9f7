// The reading half of a journal: how its records reach those who store what is in them.
//
// Thread rules are at the functions.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/partition.h"
#include "base/result.h"
#include "journal/journal.h"

namespace gridloom::journal {

// How far a reader of a journal has come: the sequence number of the last record that it has taken,
// or stored, of each partition.
//
// A journal numbers the records of each partition, or all of its records together. Then the
// positions are one number everywhere, and cost no more than it.
//
// Thread rule: none, this is a value.
class Positions {
 public:
  Positions() = default;  // before the first record of each partition
  [[nodiscard]] static Positions everywhere(std::uint64_t sequence);

  [[nodiscard]] std::uint64_t at(Partition partition) const {
    return each_.empty() ? all_ : each_[number_of(partition)];
  }
  // The position of the partition that is furthest behind.
  [[nodiscard]] std::uint64_t least() const;
  // The number of all partitions, for those who store one. kConflict: the partitions differ.
  [[nodiscard]] Result<std::uint64_t> common() const;

  // Never goes back: a number below the present one changes nothing.
  void advance(Partition partition, std::uint64_t sequence);

  friend bool operator==(const Positions&, const Positions&) = default;

 private:
  std::uint64_t all_ = 0;            // 0 if the partitions differ
  std::vector<std::uint64_t> each_;  // by partition; empty: all of them are at all_
};

class JournalReader {
 public:
  JournalReader() = default;
  JournalReader(const JournalReader&) = delete;
  JournalReader& operator=(const JournalReader&) = delete;
  virtual ~JournalReader() = default;

  // Records in their order; views live as long as the call.
  using OnRecords = std::function<void(std::span<const Record>)>;
  // Hands over every record behind `positions`, once and in order. The records that the journal has
  // already come on the caller's thread, before the function returns. Later ones come on a thread
  // of the journal, when they are durable and before that is reported to those who appended them.
  // This thread waits for `on_records`, so the writers' backpressure is that of the reader;
  // `on_records` must not wait for the journal, and may call trim(). To be called once, before
  // anything is appended. kIo: the records cannot be read. kMalformed: they are of a later version.
  // kConflict: the journal numbers the records of all partitions together, and the positions
  // differ.
  [[nodiscard]] virtual Status from(const Positions& positions, OnRecords on_records) = 0;
  // Reads durable records again, of those behind `after` up to `through`, in order, until
  // `on_record` returns false or the call has read enough for one. Returns where it stopped; at
  // `after`: the journal has none of them. On the caller's thread, which is not the journal's;
  // after from(), and not while trim() is called on another thread. Errors as for from().
  using OnRecord = std::function<bool(const Record&)>;
  [[nodiscard]] virtual Result<Positions> read(const Positions& after, const Positions& through,
                                               const OnRecord& on_record) = 0;
  // Records up to these positions are no longer needed: they are removed soon after. Any thread.
  virtual void trim(const Positions& positions) = 0;
  // Whether the journal has used up half of its room: nothing should be left in it that is stored.
  // Any thread.
  [[nodiscard]] virtual bool is_short_of_room() const { return false; }
};

}  // namespace gridloom::journal
