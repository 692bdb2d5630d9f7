// The table of events: how they are written and read.
//
// Thread rule: as for the TableConnection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "history/store/store.h"
#include "tables/connection.h"

namespace gridloom::history {

// In the caller's transaction. Those whose id is stored already change nothing.
[[nodiscard]] Status put_stored_events(tables::TableConnection& connection,
                                       const std::vector<StoredEvent>& events);
// As StoreReader::each_event().
[[nodiscard]] Status read_events(tables::TableConnection& connection, EventSpan span,
                                 const StoreReader::OnEvent& on_event);
// As StoreReader::events_since().
[[nodiscard]] Result<std::vector<StoredEvent>> read_events_since(
    tables::TableConnection& connection, std::uint64_t id, std::size_t most);
// As Store::open_faults().
[[nodiscard]] Result<std::vector<StoredEvent>> read_open_faults(
    tables::TableConnection& connection);

}  // namespace gridloom::history
