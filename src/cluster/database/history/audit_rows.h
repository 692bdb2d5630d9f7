// The rows of the table `audit_entry`. Each function is for one connection, on its thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "database/history/store_connection.h"
#include "history/store/store.h"
#include "postgres/connection.h"

namespace gridloom::history {

// In the caller's transaction; see Changes::audit.
[[nodiscard]] Status put_audit(postgres::Connection& connection,
                               const std::vector<AuditRow>& entries);
// As StoreReader::each_audit().
[[nodiscard]] Status read_audit(StoreConnection& connection, const StoreReader::OnAudit& on_entry);
// As RetentionStore::remove_audit().
[[nodiscard]] Result<std::size_t> remove_old_audit(StoreConnection& connection,
                                                   std::int64_t before_ms, std::size_t most);

}  // namespace gridloom::history
