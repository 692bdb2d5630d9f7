// The rows of the table `event` of history.db. Each function is for one connection, on its thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "history/sqlite/row_check.h"
#include "history/store/store.h"
#include "storage/sqlite.h"

namespace gridloom::history {

// In the caller's transaction; see Changes::events.
[[nodiscard]] Status put_events(storage::Database& database,
                                const std::vector<StoredEvent>& events);

// As StoreReader::each_event().
[[nodiscard]] Status read_events(storage::Database& database, DamagedRows& damaged,
                                 const EventSpan& span, const StoreReader::OnEvent& on_event);
// As StoreReader::events_since().
[[nodiscard]] Result<std::vector<StoredEvent>> read_events_since(storage::Database& database,
                                                                 DamagedRows& damaged,
                                                                 std::uint64_t id,
                                                                 std::size_t most);
// As Store::open_faults().
[[nodiscard]] Result<std::vector<StoredEvent>> read_open_faults(storage::Database& database,
                                                                DamagedRows& damaged);

}  // namespace gridloom::history
