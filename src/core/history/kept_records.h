// Lets a journal forget what is stored, but not before some time: a database that fails over may
// lose the last of what was stored. A journal that is short of room forgets it at once, as it would
// hold up devices else.
//
// Thread rule: pin() and unpin() from any thread, the others from one.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <utility>

#include "base/clock.h"
#include "journal/journal_reader.h"

namespace gridloom::history {

class KeptRecords {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // `kept`: 0 if the journal need not keep anything that is stored.
  explicit KeptRecords(Millis kept) : kept_(kept) {}

  // The journal forgets nothing while anyone has pinned it.
  void pin() { ++pins_; }
  void unpin() { --pins_; }

  void trim(journal::JournalReader& journal, const journal::Positions& stored, Moment now) {
    if (pins_ != 0) return;
    if (kept_ == Millis{0} || journal.is_short_of_room()) {
      stored_at_.clear();
      return journal.trim(stored);
    }
    if (stored_at_.empty() || now - stored_at_.back().first >= kept_ / kTrims) {
      stored_at_.emplace_back(now, stored);
    }
    while (now - stored_at_.front().first >= kept_) {
      journal.trim(stored_at_.front().second);
      stored_at_.pop_front();
    }
  }

 private:
  static constexpr int kTrims = 10;  // within kept_

  Millis kept_;
  std::atomic<int> pins_ = 0;
  std::deque<std::pair<Moment, journal::Positions>> stored_at_;
};

}  // namespace gridloom::history
