// The process: its exit codes, the form of its log, how it is called, and the settings of a server
// with many connections, which are made before other threads exist: file limits, core dumps,
// memory, signals.
#pragma once

#include <spdlog/formatter.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "time/time_zone.h"

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

// The lines of the log: their times are those of a time zone that is passed in.

// "[2026-11-20 14:05:30.125] [NAME] [info] MESSAGE"; without a name, the brackets for it are
// left out as well. A message of a thread of a slot's server (node/slot_thread.h) begins with the
// slot: "slot 3: MESSAGE", unless it names it itself.
enum class LogName : std::uint8_t { kNone, kShown };
[[nodiscard]] std::unique_ptr<spdlog::formatter> log_formatter(const time::TimeZone& zone,
                                                               LogName name);

// How the program is called in commands that people are to type.

// The program as it can be typed in this folder: its path, if the shell would not find it.
[[nodiscard]] std::string program_name();

// The exit codes of the process.

inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;
inline constexpr int kStartAgain = 75;  // sysexits' EX_TEMPFAIL: who supervises starts it again

// kWrongUsage for what the user has to write differently, otherwise kFailed.
[[nodiscard]] constexpr int exit_code_of(ErrorCode code) {
  return code == ErrorCode::kBadParams ? kWrongUsage : kFailed;
}

}  // namespace gridloom::app
