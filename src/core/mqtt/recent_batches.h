// The batches that were stored in the last minutes. A standby that takes over from a server may
// lack the last of them, though the log has been trimmed behind them: they are written again.
//
// Bounded in time and in bytes. One thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "mqtt/pending_rows.h"
#include "mqtt/stream_table.h"

namespace gridloom::mqtt {

struct RecentBatch {
  std::int64_t before = 0;  // number of the batch that it follows
  std::int64_t number = 0;
  PendingRows rows;
  std::vector<StreamTable::ChangedStream> streams;
};

class RecentBatches {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::minutes kKeptFor{10};
  static constexpr std::size_t kMaxBytes = std::size_t{16} * 1024 * 1024;

  // Those with a higher number than `batch.before` are replaced by it.
  void add(RecentBatch batch, Moment now);
  // All changes of the batches after this one, as a batch. Nothing: they are not kept any more.
  [[nodiscard]] std::optional<RecentBatch> after(std::int64_t number) const;

 private:
  struct Kept {
    RecentBatch batch;
    std::size_t bytes = 0;
    Moment added{};
  };
  std::deque<Kept> kept_;  // ascending by number, each after the one before it
  std::size_t bytes_ = 0;
};

// Adds the changes of a batch that came after. The numbers stay.
void append(RecentBatch& batch, PendingRows rows, std::vector<StreamTable::ChangedStream> streams);

}  // namespace gridloom::mqtt
