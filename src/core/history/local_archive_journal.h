// The journal of a server's data folder: journal/local/local_journal.h.
#pragma once

#include <filesystem>

#include "base/clock.h"
#include "history/archive_journal.h"
#include "journal/local/log.h"

namespace gridloom::history {

// `clock` outlives the journal.
[[nodiscard]] MakeJournal local_archive_journal(std::filesystem::path data, const Clock& clock,
                                                const journal::LogLimits& limits);

}  // namespace gridloom::history
