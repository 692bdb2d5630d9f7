// The rows of the table `event`. Each function is for one connection, on its thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "database/history/store_connection.h"
#include "history/store/store.h"
#include "postgres/connection.h"

namespace gridloom::history {

// In the caller's transaction; see Changes::events.
[[nodiscard]] Status put_events(postgres::Connection& connection,
                                const std::vector<StoredEvent>& events);

// As StoreReader::each_event().
[[nodiscard]] Status read_events(StoreConnection& connection, EventSpan span,
                                 const StoreReader::OnEvent& on_event);
// As StoreReader::events_since().
[[nodiscard]] Result<std::vector<StoredEvent>> read_events_since(StoreConnection& connection,
                                                                 std::uint64_t id,
                                                                 std::size_t most);
// As Store::open_faults().
[[nodiscard]] Result<std::vector<StoredEvent>> read_open_faults(StoreConnection& connection);

}  // namespace gridloom::history
