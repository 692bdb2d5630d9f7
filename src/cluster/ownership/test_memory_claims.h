// For tests: claims in memory, of nodes of one process (ownership/claims.h).
//
// Thread rule: any function from any thread.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "ownership/claims.h"

namespace gridloom::cluster {

class MemoryClaims final : public Claims {
 public:
  [[nodiscard]] Result<ClusterFacts> join(std::size_t slots) override {
    const std::scoped_lock lock(mutex_);
    if (slots < 1 || slots > kMostSlots) return fail(ErrorCode::kBadParams, "1 to 64 slots");
    if (rows_.empty()) {
      rows_.resize(slots);
      for (std::size_t i = 0; i < slots; ++i) rows_[i].slot = static_cast<Slot>(i);
    }
    if (rows_.size() != slots) {
      return fail(ErrorCode::kConflict,
                  fmt::format("the cluster has {} slots, not {}", rows_.size(), slots));
    }
    return ClusterFacts{.id = std::string(32, 'a'), .slots = slots};
  }
  [[nodiscard]] Result<std::vector<SlotRow>> read() override {
    const std::scoped_lock lock(mutex_);
    return rows_;
  }
  [[nodiscard]] Result<SlotRow> claim(const Ask& ask) override {
    const std::scoped_lock lock(mutex_);
    SlotRow& row = rows_.at(number_of(ask.slot));
    if (row.revision != ask.seen) return fail(ErrorCode::kConflict, "another has claimed it");
    row.owner = ask.node;
    row.revision = std::max(row.revision, ask.above) + 1;
    return row;
  }
  [[nodiscard]] Status release(Slot slot, const NodeId& node, Revision revision) override {
    const std::scoped_lock lock(mutex_);
    SlotRow& row = rows_.at(number_of(slot));
    if (row.owner != node || row.revision != revision) {
      return fail(ErrorCode::kConflict, "it is not the owner's");
    }
    row.owner.reset();
    return {};
  }

  // As cluster::Fence: a write of an owner, up to `to`.
  [[nodiscard]] Status write(Slot slot, Revision revision, std::int64_t from, std::int64_t to) {
    const std::scoped_lock lock(mutex_);
    SlotRow& row = rows_.at(number_of(slot));
    if (row.revision != revision || row.position != from || to <= from) {
      ++refused_;
      return fail(ErrorCode::kConflict, "the write is fenced");
    }
    row.position = to;
    return {};
  }
  [[nodiscard]] std::int64_t position(Slot slot) const {
    const std::scoped_lock lock(mutex_);
    return rows_.at(number_of(slot)).position;
  }
  [[nodiscard]] std::uint64_t refused() const {
    const std::scoped_lock lock(mutex_);
    return refused_;
  }
  // As a failover to a standby that lacks the last commits, or a restored backup.
  void set_back(const std::vector<SlotRow>& rows) {
    const std::scoped_lock lock(mutex_);
    rows_ = rows;
  }

 private:
  mutable std::mutex mutex_;  // guards the members below
  std::vector<SlotRow> rows_;
  std::uint64_t refused_ = 0;
};

}  // namespace gridloom::cluster
