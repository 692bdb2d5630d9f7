// A PostgreSQL server that bench/history started, with its socket in a folder, as Gridloom uses it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "history/store/store_factory.h"
#include "postgres/settings.h"

namespace gridloom::bench {

class Database {
 public:
  explicit Database(const std::filesystem::path& folder);

  [[nodiscard]] std::shared_ptr<history::StoreFactory> stores() const;
  // Gridloom's log.
  [[nodiscard]] std::filesystem::path data() const { return folder_ / "gridloom"; }
  [[nodiscard]] std::uint64_t table_bytes() const;  // of all tables and indexes
  [[nodiscard]] std::uint64_t log_bytes() const;    // written to the database's own log so far

 private:
  [[nodiscard]] std::uint64_t number(std::string_view sql) const;

  std::filesystem::path folder_;
  postgres::ConnectionSettings settings_;
};

}  // namespace gridloom::bench
