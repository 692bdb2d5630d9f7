#include "api/message/device_rows.h"

namespace gridloom::api {

const std::vector<DeviceRow>& DeviceRows::rows(
    const std::shared_ptr<const registry::Directory>& directory, AccountId account) {
  if (const auto known = kept_.find(account); known != kept_.end()) {
    if (known->second.of.lock() == directory) return known->second.rows;
    count_ -= known->second.rows.size();
    kept_.erase(known);
  }
  std::vector<DeviceRow> made = make_(*directory, account);
  ++made_;
  if (count_ + made.size() > kMaxRows) {
    kept_.clear();
    count_ = 0;
  }
  count_ += made.size();
  return kept_.emplace(account, Kept{.of = directory, .rows = std::move(made)}).first->second.rows;
}

std::string DeviceRows::text(const std::shared_ptr<const registry::Directory>& directory,
                             AccountId account, const Words& words,
                             const std::function<bool(std::string_view sn)>& is_online) {
  std::string text;
  for (const DeviceRow& row : rows(directory, account)) {
    if (!text.empty()) text += ',';
    text += row.before;
    text += is_online(row.sn) ? words.online : words.offline;
    text += row.after;
  }
  return text;
}

}  // namespace gridloom::api
