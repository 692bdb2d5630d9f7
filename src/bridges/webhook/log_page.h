// Events of an archive's log (home/event_log.h) behind one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <vector>

#include "base/account_id.h"
#include "base/result.h"
#include "history/reader.h"
#include "history/store/store.h"

namespace gridloom::bridges::webhook {

struct LogPage {
  static constexpr std::size_t kMostEvents = 1'000;
  std::size_t archives = 1;  // so many there are (history/route.h)
  std::vector<history::StoredEvent> events{};

  [[nodiscard]] bool is_last() const { return events.size() < kMostEvents; }
};

// Waits for it. kIo: it cannot be read now, or a stop is requested.
[[nodiscard]] Result<LogPage> read_log_page(const history::Reads& reads, AccountId account,
                                            std::size_t archive, std::uint64_t after,
                                            const std::stop_token& stop);

}  // namespace gridloom::bridges::webhook
