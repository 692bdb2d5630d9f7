// A check of all rows of history, in whichever database they are: their checksums, where they have
// such, and the content of chunks, energies and rollups.
//
// Thread rule: as for the TableConnection.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "history/store/store_check.h"
#include "tables/connection.h"

namespace gridloom::history {

// Reads all at one moment, and changes nothing. `counted`: tables besides, whose rows are only
// counted. A page that is damaged counts as one damage; the rest of its table is skipped, as behind
// one that the disk does not give, and the check continues with the next table. kIo: the connection
// was lost.
[[nodiscard]] Result<StoreCheck> check_rows(tables::TableConnection& connection,
                                            std::span<const std::string_view> counted = {});

}  // namespace gridloom::history
