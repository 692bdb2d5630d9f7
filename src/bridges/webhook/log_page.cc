#include "bridges/webhook/log_page.h"

#include <expected>
#include <memory>
#include <utility>

#include "history/waiting_query.h"

namespace gridloom::bridges::webhook {

Result<LogPage> read_log_page(const history::Reads& reads, AccountId account, std::size_t archive,
                              std::uint64_t after, const std::stop_token& stop) {
  const auto page = std::make_shared<LogPage>();  // of the step too, which may outlive the wait
  GL_TRY(history::run_query(
      reads, std::to_underlying(account),
      [page, archive, after](history::Reader& reader) -> Result<bool> {
        if (history::Route* const route = reader.route()) {
          const auto is_here = route->reach_archive(archive);
          if (!is_here || !*is_here) return is_here;
          page->archives = route->archives();
        }
        GL_TRY(auto events, reader.events_since(after, LogPage::kMostEvents));
        page->events = std::move(events);
        return true;
      },
      stop));
  return std::move(*page);
}

}  // namespace gridloom::bridges::webhook
