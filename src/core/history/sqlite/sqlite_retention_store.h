// The reads and removals of retention in history.db, over a connection of its own.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/sqlite/row_check.h"
#include "history/store/retention_store.h"
#include "storage/sqlite.h"

namespace gridloom::history {

class SqliteRetentionStore final : public RetentionStore {
 public:
  // Opens the database, which SqliteStore::open() has created. Damaged rows of the table
  // running_day are reported to `damaged`.
  [[nodiscard]] static Result<std::unique_ptr<SqliteRetentionStore>> open(
      const std::filesystem::path& data,
      std::shared_ptr<DamagedRows> damaged = std::make_shared<DamagedRows>());

  [[nodiscard]] Result<bool> commit(const Work& slice) override;
  [[nodiscard]] Result<bool> with_little_space(const Work& work) override;

  [[nodiscard]] Result<std::optional<DeviceNumber>> next_device(
      Kind kind, std::optional<DeviceNumber> after) override;
  [[nodiscard]] Result<std::size_t> remove(Kind kind, DeviceNumber device,
                                           std::size_t most) override;

  // The mark of a chunk is its rowid.
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
  // Some pages at a time, if more than an eighth of the file is free.
  [[nodiscard]] Result<bool> return_space() override;

  // The table running_day, which other programs may ignore, is created when it is first read.
  [[nodiscard]] Result<std::vector<RunningDay>> running_days() override;
  [[nodiscard]] Status put_running_day(const RunningDay& day) override;
  [[nodiscard]] Status remove_running_day(std::int64_t day) override;

 private:
  SqliteRetentionStore(storage::Database database, std::shared_ptr<DamagedRows> damaged,
                       bool returns_space)
      : database_(std::move(database)),
        damaged_(std::move(damaged)),
        returns_space_(returns_space) {}

  template <typename... Values>
  [[nodiscard]] Result<std::size_t> removed_by(std::string_view sql, const Values&... values);

  storage::Database database_;
  std::shared_ptr<DamagedRows> damaged_;
  bool returns_space_ = false;       // the database can return free pages
  bool has_returned_space_ = false;  // some, since the write-ahead log was emptied
};

}  // namespace gridloom::history
