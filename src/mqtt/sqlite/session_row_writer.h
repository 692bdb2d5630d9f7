// Writes rows of sessions into sessions.db, each with its checksum. docs/internals/formats.md shows
// the tables.
//
// Thread rule: as for the Database, which outlives this.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "mqtt/pending_rows.h"
#include "storage/sqlite.h"

namespace gridloom::mqtt {

class SqliteRowWriter final : public SessionRowWriter {
 public:
  explicit SqliteRowWriter(storage::Database& database) : database_(database) {}

  [[nodiscard]] Status put(const SessionColumns& session) override;
  [[nodiscard]] Status remove_session(std::int64_t number) override;
  [[nodiscard]] Status put(const MessageColumns& message) override;
  [[nodiscard]] Status update_stage(const MessageColumns& message) override;
  [[nodiscard]] Status remove_message(const MessageKey& key) override;
  [[nodiscard]] Status put(const RetainedColumns& retained) override;
  [[nodiscard]] Status remove_retained(std::string_view topic) override;

 private:
  storage::Database& database_;
};

}  // namespace gridloom::mqtt
