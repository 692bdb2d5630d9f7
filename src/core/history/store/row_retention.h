// The reads and removals of retention in described tables (history_tables.h), whichever database
// has them.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/store/companion.h"
#include "history/store/damaged_rows.h"
#include "history/store/retention_store.h"
#include "tables/connection.h"

namespace gridloom::history {

class RowRetention final : public RetentionStore {
 public:
  RowRetention(std::shared_ptr<tables::TableConnection> connection,
               std::unique_ptr<Companion> companion, const std::shared_ptr<DamagedRows>& damaged);

  // The writer waits until the end of the transaction.
  [[nodiscard]] Result<bool> commit(const Work& slice) override;
  [[nodiscard]] Result<bool> with_little_space(const Work& work) override {
    return companion_->with_little_space(work);
  }

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
  [[nodiscard]] Result<bool> remove_all_rollups(std::int64_t before) override {
    return companion_->remove_all_rollups(before);
  }
  [[nodiscard]] Result<std::size_t> remove_audit(std::int64_t before_ms, std::size_t most) override;
  [[nodiscard]] Result<std::size_t> remove_events(std::int64_t before_ms,
                                                  std::size_t most) override;
  [[nodiscard]] Result<bool> return_space() override { return companion_->return_space(); }

  [[nodiscard]] Result<std::vector<RunningDay>> running_days() override;
  [[nodiscard]] Status put_running_day(const RunningDay& day) override;
  [[nodiscard]] Status remove_running_day(std::int64_t day) override;

 private:
  // Runs `work` in the present transaction, or in one of its own.
  [[nodiscard]] Status in_transaction(const std::function<Status()>& work);
  [[nodiscard]] Result<std::optional<std::int64_t>> first_of(std::string_view sql,
                                                             const tables::Parameters& parameters);
  [[nodiscard]] Result<std::size_t> remove_some(const tables::Table& table, std::string_view where,
                                                const tables::Parameters& parameters,
                                                std::size_t most);

  const std::shared_ptr<tables::TableConnection> connection_;
  const std::unique_ptr<Companion> companion_;
};

}  // namespace gridloom::history
