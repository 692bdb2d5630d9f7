// Writes rows of sessions into PostgreSQL, many in one round trip. Texts are bytea, because
// PostgreSQL's text refuses bytes that a client may send.
//
// Thread rule: as for the Connection, which outlives this.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "mqtt/pending_rows.h"
#include "mqtt/stream_table.h"
#include "postgres/connection.h"
#include "postgres/pipeline.h"

namespace gridloom::mqtt {

class PostgresRowWriter final : public SessionRowWriter {
 public:
  explicit PostgresRowWriter(postgres::Connection& connection) : pipeline_(connection) {}

  [[nodiscard]] Status put(const SessionColumns& session) override;
  [[nodiscard]] Status remove_session(std::int64_t number) override;
  [[nodiscard]] Status put(const MessageColumns& message) override;
  [[nodiscard]] Status update_stage(const MessageColumns& message) override;
  [[nodiscard]] Status remove_message(const MessageKey& key) override;
  [[nodiscard]] Status put(const RetainedColumns& retained) override;
  [[nodiscard]] Status remove_retained(std::string_view topic) override;
  [[nodiscard]] Status put(const StreamTable::ChangedStream& stream);

  // Sends what is collected.
  [[nodiscard]] Status finish();

 private:
  [[nodiscard]] Status send_if_many();

  postgres::Pipeline pipeline_;
};

}  // namespace gridloom::mqtt
