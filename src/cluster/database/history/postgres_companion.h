// PostgreSQL's part in history besides keeping its tables: the fence of a slot's owner is the first
// statement of each transaction that writes, tables are divided by months, and rows of quarters of
// an hour are made for those who read in SQL (quarter_rows.h).
//
// Thread rule: as for the StoreConnection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "database/history/months.h"
#include "history/store/companion.h"
#include "ownership/postgres/owner_fence.h"
#include "postgres/table_connection.h"

namespace gridloom::history {

class PostgresCompanion final : public Companion {
 public:
  // `fence`: of the slot's owner, or null.
  PostgresCompanion(postgres::PostgresTableConnection& connection,
                    std::shared_ptr<const cluster::OwnerFence> fence)
      : connection_(connection), fence_(std::move(fence)) {}

  [[nodiscard]] std::string place() const override { return "the database"; }
  [[nodiscard]] Status begins(const LogMove& move) override;
  [[nodiscard]] bool may_be_unanswered() const override { return true; }
  [[nodiscard]] std::unique_ptr<DerivedRows> derive(
      const std::vector<DeviceHour>& hours, const std::vector<Over>& over,
      const std::vector<const Changes::Energies*>& energies) override;
  bool forget_room() override { return !std::exchange(months_, {}).empty(); }

  [[nodiscard]] Result<std::size_t> remove_derived(RetentionStore::Kind kind, DeviceNumber device,
                                                   std::int64_t before, std::size_t most) override;
  [[nodiscard]] Status make_room(std::int64_t hour) override;
  [[nodiscard]] Result<bool> remove_all_rollups(std::int64_t before) override;
  [[nodiscard]] Result<bool> return_space() override;

  // Outside of a transaction.
  [[nodiscard]] Status make_sure_of_months(const std::set<Month>& months);
  [[nodiscard]] postgres::PostgresTableConnection& connection() { return connection_; }

 private:
  postgres::PostgresTableConnection& connection_;
  const std::shared_ptr<const cluster::OwnerFence> fence_;
  std::set<Month> months_;  // whose partitions are known to exist
};

}  // namespace gridloom::history
