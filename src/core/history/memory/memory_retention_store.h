// What retention reads and removes in history's storage in memory.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/memory/memory_tables.h"
#include "history/store/retention_store.h"

namespace gridloom::history {

class MemoryRetentionStore final : public RetentionStore {
 public:
  explicit MemoryRetentionStore(std::shared_ptr<MemoryTables> tables)
      : tables_(std::move(tables)) {}

  [[nodiscard]] Result<bool> commit(const Work& slice) override;
  [[nodiscard]] Result<bool> with_little_space(const Work& work) override { return work(); }

  [[nodiscard]] Result<std::optional<DeviceNumber>> next_device(
      Kind kind, std::optional<DeviceNumber> after) override;
  [[nodiscard]] Result<std::size_t> remove(Kind kind, DeviceNumber device,
                                           std::size_t most) override;
  [[nodiscard]] Result<std::int64_t> next_mark() override;
  [[nodiscard]] Result<std::optional<std::int64_t>> next_hour(DeviceNumber device,
                                                              std::int64_t from, std::int64_t to,
                                                              std::int64_t below) override;
  [[nodiscard]] Result<std::vector<std::string>> chunks(const DeviceHour& of) override;
  [[nodiscard]] Status replace_by_rollups(const DeviceHour& of, std::string_view rollups) override;
  [[nodiscard]] Result<std::size_t> remove_rollups(DeviceNumber device, std::int64_t before,
                                                   std::size_t most) override;
  [[nodiscard]] Result<std::size_t> remove_audit(std::int64_t before_ms, std::size_t most) override;
  [[nodiscard]] Result<std::size_t> remove_events(std::int64_t before_ms,
                                                  std::size_t most) override;
  [[nodiscard]] Result<bool> return_space() override { return false; }

  [[nodiscard]] Result<std::vector<RunningDay>> running_days() override;
  [[nodiscard]] Status put_running_day(const RunningDay& day) override;
  [[nodiscard]] Status remove_running_day(std::int64_t day) override;

 private:
  // Calls `function` with the tables of the slice that runs, or with those that all see.
  template <typename Function>
  std::invoke_result_t<Function&, MemoryRows&> change(Function function) {
    return draft_ ? draft_->change(function) : tables_->change(function);
  }

  std::shared_ptr<MemoryTables> tables_;
  std::optional<MemoryTables::Draft> draft_;  // does not outlive tables_
};

}  // namespace gridloom::history
