// The reads and removals of retention in a PostgreSQL database.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "database/history/store_connection.h"
#include "history/store/retention_store.h"
#include "ownership/postgres/owner_fence.h"
#include "postgres/pool.h"

namespace gridloom::history {

class PostgresRetentionStore final : public RetentionStore {
 public:
  // `fence`: as PostgresStore's.
  explicit PostgresRetentionStore(std::shared_ptr<postgres::Pool> pool,
                                  std::shared_ptr<const cluster::OwnerFence> fence = nullptr)
      : connection_(std::move(pool), std::move(fence)) {}

  // The writer waits until the end of the transaction.
  [[nodiscard]] Result<bool> commit(const Work& slice) override;
  // A full disk of the database's machine is for its administrator: work runs as it does always.
  [[nodiscard]] Result<bool> with_little_space(const Work& work) override { return work(); }

  [[nodiscard]] Result<std::optional<DeviceNumber>> next_device(
      Kind kind, std::optional<DeviceNumber> after) override;
  [[nodiscard]] Result<std::size_t> remove(Kind kind, DeviceNumber device,
                                           std::size_t most) override;

  // The mark of a chunk is the number of the transaction that wrote it.
  [[nodiscard]] Result<std::int64_t> next_mark() override;
  [[nodiscard]] Result<std::optional<std::int64_t>> next_hour(DeviceNumber device,
                                                              std::int64_t from, std::int64_t to,
                                                              std::int64_t below) override;
  [[nodiscard]] Result<std::vector<std::string>> chunks(const DeviceHour& of) override;
  [[nodiscard]] Status replace_by_rollups(const DeviceHour& of, std::string_view rollups) override;
  [[nodiscard]] Result<std::size_t> remove_rollups(DeviceNumber device, std::int64_t before,
                                                   std::size_t most) override;
  // Drops the partitions of whole months.
  [[nodiscard]] Result<bool> remove_all_rollups(std::int64_t before) override;
  [[nodiscard]] Result<std::size_t> remove_audit(std::int64_t before_ms, std::size_t most) override;
  [[nodiscard]] Result<std::size_t> remove_events(std::int64_t before_ms,
                                                  std::size_t most) override;
  // Drops a month that has no rows any more. The space of other rows that were removed is used
  // again by the database (autovacuum).
  [[nodiscard]] Result<bool> return_space() override;

  [[nodiscard]] Result<std::vector<RunningDay>> running_days() override;
  [[nodiscard]] Status put_running_day(const RunningDay& day) override;
  [[nodiscard]] Status remove_running_day(std::int64_t day) override;

 private:
  // Runs `work` in the present transaction, or in one of its own.
  template <typename Work>
  [[nodiscard]] Status in_transaction(const Work& work);
  template <typename... Values>
  [[nodiscard]] Result<std::size_t> removed_by(std::string_view sql, const Values&... values);
  template <typename... Values>
  [[nodiscard]] Result<std::optional<std::int64_t>> first_of(std::string_view sql,
                                                             const Values&... values);

  StoreConnection connection_;
};

}  // namespace gridloom::history
