// Reads and writes the rows of sessions.db (docs/internals/formats.md).
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <functional>

#include "base/result.h"
#include "mqtt/pending_rows.h"
#include "mqtt/stored_rows.h"
#include "storage/sqlite.h"

namespace gridloom::mqtt {

// Fails with the errors of the file.
[[nodiscard]] Result<ReadRows> read_rows(storage::Database& database,
                                         const PendingRows& pending = PendingRows());

// Calls `wrote` after each row with its approximate size in bytes, and stops at the first error
// that `wrote` returns. Rows that were written before may be written again.
using WroteRow = std::function<Status(std::size_t bytes)>;
[[nodiscard]] Status write_rows(storage::Database& database, const PendingRows& rows,
                                const WroteRow& wrote);

}  // namespace gridloom::mqtt
