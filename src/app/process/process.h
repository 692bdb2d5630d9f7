// Process settings of a server with many connections: file limits, core dumps, memory, signals. To
// be called before other threads exist.
#pragma once

#include <csignal>
#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace gridloom::app {

// Raises the limit of open files to the system's maximum. kIo: the limit is unchanged.
[[nodiscard]] Status raise_descriptor_limit();

// The number of connections that all listeners together may have, derived from the number of files
// that this process may still open: some are reserved for the data folder, a backup, commands and
// recordings. kIo: too few are left for every listener to get some.
[[nodiscard]] Result<std::size_t> descriptors_for_connections();

// Disables core dumps of this process for good, and lets only root read its memory, because the
// memory holds the accounts' keys. kIo: the system refused.
[[nodiscard]] Status forbid_core_dumps();

// Keeps freed memory in the process up to a bound. Each turn's answers need as much memory as those
// of the turn before, and returning it to the system in between costs a page fault for each 4 KiB.
void keep_freed_memory();

struct ProcessOptions {
  bool may_dump_core = false;
  std::string_view zone_warning{};  // of local_zone()
};

// Makes all these settings at the start of a server. Logs a warning for each setting that the
// system refused, and the warning about the time zone.
void prepare_process(const ProcessOptions& options);

// Blocks SIGINT, SIGTERM and SIGHUP (unless it is ignored, as under nohup), so that only a thread
// that waits for these signals receives them.
[[nodiscard]] sigset_t block_ending_signals();

}  // namespace gridloom::app
