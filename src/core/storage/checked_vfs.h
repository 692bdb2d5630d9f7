// SQLite's file system layer, with one difference: a read that the disk refuses (EIO) is an error
// of the disk. SQLite's own layer takes it for a sign of damage: statements then fail with
// SQLITE_CORRUPT, and integrity_check lists the page among its findings.
#pragma once

#include <cstdint>

namespace gridloom::storage {

// The name under which it is registered, for sqlite3_open_v2().
[[nodiscard]] const char* checked_vfs();

// The number of reads that failed on this thread so far.
[[nodiscard]] std::uint64_t failed_reads();

}  // namespace gridloom::storage
