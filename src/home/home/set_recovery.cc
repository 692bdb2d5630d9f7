#include "home/set_recovery.h"

#include <algorithm>
#include <utility>

#include "journal/audit_kind.h"

namespace gridloom::home {

bool SetRecovery::take(std::string_view entry) {
  if (++entries_ > kMostEntries || found_.size() >= most_) return false;
  const auto json = wire::parse_json(entry, {.bytes = entry.size(), .keys = entry.size()});
  if (!json) return true;  // a damaged row
  const std::int64_t at_ms = wire::whole_in(*json, "at").value_or(since_ms_);
  if (at_ms < since_ms_) return ++older_ < kOlderInARow;
  older_ = 0;
  const auto account = wire::whole_in(*json, "accountId");
  if (!account) return true;
  const SetId id{.account = AccountId{*account},
                 .sn = std::string(wire::text_in(*json, "sn")),
                 .id = std::string(wire::text_in(*json, "command"))};
  const std::string_view what = wire::text_in(*json, "what");
  if (what == journal::audit_kind("set")) take_set(id, *json, at_ms);
  if (what == journal::audit_kind("set_reply")) take_end(id, *json, at_ms);
  return true;
}

void SetRecovery::take_end(const SetId& id, const wire::Json& entry, std::int64_t at_ms) {
  End end{.outcome = SharedText(std::string(wire::text_in(entry, "reply"))), .at_ms = at_ms};
  if (const auto code = error_code_of(wire::text_in(entry, "error"))) {
    end.outcome = fail(*code, std::string(wire::text_in(entry, "why")));
  }
  ends_.insert_or_assign(id, std::move(end));
}

void SetRecovery::take_set(const SetId& id, const wire::Json& entry, std::int64_t at_ms) {
  RecoveredSet set{
      .record = {.id = id,
                 .by = std::string(wire::text_in(entry, "by")),
                 .digest = std::string(wire::text_in(entry, "digest")),
                 .sent_ms = at_ms},
      .message = {},
      .outcome = fail(ErrorCode::kNoAnswer, "the server ended before the device replied"),
      .ended_ms = at_ms};
  if (const wire::Json* message = wire::member(entry, "message");
      message != nullptr && message->is_object()) {
    set.message = message->get_object();
  }
  if (auto end = ends_.extract(id); !end.empty()) {
    set.outcome = std::move(end.mapped().outcome);
    set.ended_ms = end.mapped().at_ms;
  }
  found_.push_back(std::move(set));
}

std::vector<RecoveredSet> SetRecovery::take_sets() {
  std::ranges::reverse(found_);
  return std::exchange(found_, {});
}

}  // namespace gridloom::home
