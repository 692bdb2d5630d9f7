// The answer of GET /api/v1/events and /api/v1/devices/{sn}/events: events of devices (home/
// event_log.h), the newest first, in pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/language.h"
#include "history/reader.h"
#include "history/store/store.h"
#include "home/history_devices.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::api {

struct EventRequest {
  static constexpr std::size_t kMaxLimit = 1000;
  std::int64_t from_ms = 0;
  history::EventPosition before;  // of the first event that is too new for the page
  std::size_t limit = 100;
  std::vector<std::string> kinds{};  // names of the kinds that are wanted; empty: all
  catalog::Language language = catalog::Language::kEnglish;  // of titles and meanings
};
// kBadParams: a parameter is wrong; the detail names it and what is valid.
[[nodiscard]] Result<EventRequest> parse_event_request(const wire::JsonObject& params,
                                                       const time::Now& now);

// Reads one page, in slices.
class EventQuery {
 public:
  EventQuery(EventRequest request, std::vector<home::HistoryDevice> devices)
      : request_(std::move(request)), devices_(std::move(devices)) {}

  // Reads for one time slice. Fails as Reader does.
  [[nodiscard]] Status work(history::Reader& reader);
  [[nodiscard]] bool done() const { return next_ == devices_.size(); }
  // The answer's body.
  [[nodiscard]] std::string text();

 private:
  struct Found {
    std::size_t device = 0;  // in devices_
    history::StoredEvent stored;
  };
  [[nodiscard]] bool is_wanted(journal::EventKind kind) const;
  // Keeps the newest events of those found, and one more, which tells that there is another page.
  void trim();

  EventRequest request_;
  std::vector<home::HistoryDevice> devices_;
  std::size_t next_ = 0;  // device
  std::vector<Found> found_;
};

}  // namespace gridloom::api
