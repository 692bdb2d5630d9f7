#include "home/home_services.h"

#include <expected>
#include <utility>
#include <vector>

#include "history/history_queries.h"
#include "history/store/store.h"

namespace gridloom::home {

HomeServices::HomeServices(const Options& options)
    : options_(options),
      events_({.hub = &options.hub, .loop = &options.loop, .writes = options.events}),
      homes_({.hub = &options.hub,
              .steady = &options.steady,
              .members_of = options.members_of,
              .german_members_of = options.german_members_of,
              .events = &events_,
              .reads = options.reads}),
      sets_({.hub = &options.hub, .loop = &options.loop}),
      counters_({.hub = &options.hub,
                 .loop = &options.loop,
                 .steady = &options.steady,
                 .reads = options.reads,
                 .data = options.data}),
      modes_({.hub = &options.hub,
              .sets = &sets_,
              .loop = &options.loop,
              .data = options.data,
              .states = options.battery_modes}) {}

Status HomeServices::start() {
  auto open = options_.archive.open_faults();
  if (!open && open.error().code != ErrorCode::kDamaged) return std::unexpected(open.error());
  events_.start(open.value_or(std::vector<history::StoredEvent>()));
  return restore_sets();
}

Status HomeServices::restore_sets() {
  SetRecovery recovery = sets_.recovery();
  const Status read =
      history::run_query(history::admin_reads(options_.archive), history::kNoAccount,
                         [&recovery](history::Reader& reader) -> Result<bool> {
                           GL_TRY(reader.each_audit([&recovery](const history::AuditRow& row) {
                             return recovery.take(row.entry);
                           }));
                           return true;
                         });
  if (!read && read.error().code != ErrorCode::kDamaged) return read;
  sets_.restore(recovery.take_sets());
  return {};
}

}  // namespace gridloom::home
