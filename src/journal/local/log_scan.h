// Reads records of a log that may be written meanwhile, from its segment files.
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "journal/journal.h"
#include "journal/local/disk.h"

namespace gridloom::journal {

// Calls `on_record` with the durable records behind `after` up to `through`, in order, until it
// returns false or the first segment that has any of them ends. `through` is durable already.
// Returns the number of the last record read, or `after` if there is none. Damaged bytes are left
// out, as at a start. The log writes with a Disk of its own; it must not be trimmed behind `after`
// meanwhile. kIo: a segment cannot be read. kMalformed: it is of a later version.
[[nodiscard]] Result<std::uint64_t> read_log(Disk& disk, std::uint64_t after, std::uint64_t through,
                                             const std::function<bool(const Record&)>& on_record);

}  // namespace gridloom::journal
