// Records that were left in the journal while the store did not work, from where they are read
// again: how far that is, and how many more may be left meanwhile.
//
// Thread rule: the owner's lock; leaves() and outruns() from any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace gridloom::history {

class LeftRecords {
 public:
  // While left records are read, one more may be left for every two that were read, so that they
  // become fewer; and this many besides.
  static constexpr std::int64_t kMostCredit = 1'000;

  // Records are left from now on.
  void begin() { leaves_ = true; }
  // Each record that comes, whether or not it is left.
  void note(std::uint64_t last, std::size_t records) {
    last_ = last;
    if (read_) credit_ -= static_cast<std::int64_t>(records);
    outruns_ = read_ && credit_ <= 0;
  }
  // Those up to `sequence` were read. If none is left any more, later ones are not left.
  void read(std::uint64_t sequence) {
    if (sequence >= last_) {
      leaves_ = false;
      read_.reset();
      outruns_ = false;
      return;
    }
    const auto more = static_cast<std::int64_t>(sequence - read_.value_or(sequence));
    credit_ = read_ ? std::min(credit_ + (more / 2), kMostCredit) : kMostCredit;
    read_ = sequence;
    outruns_ = credit_ <= 0;
  }
  // Nobody waits for a store that does not work.
  void store_fails() {
    read_.reset();
    outruns_ = false;
  }

  [[nodiscard]] bool leaves() const { return leaves_; }
  // More would be left than are read.
  [[nodiscard]] bool outruns() const { return outruns_; }
  // The last record that came.
  [[nodiscard]] std::uint64_t last() const { return last_; }

 private:
  std::atomic<bool> leaves_{false};
  std::atomic<bool> outruns_{false};
  std::uint64_t last_ = 0;
  std::optional<std::uint64_t> read_;  // the last left record that was read again
  std::int64_t credit_ = 0;            // how many more may be left
};

}  // namespace gridloom::history
