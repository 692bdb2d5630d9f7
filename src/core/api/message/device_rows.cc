#include "api/message/device_rows.h"

#include <algorithm>
#include <span>

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
                             AccountId account, const Words& words, const IsOnline& is_online) {
  return page(directory, account, words, is_online, {}).text;
}

DeviceRows::Page DeviceRows::page(const std::shared_ptr<const registry::Directory>& directory,
                                  AccountId account, const Words& words, const IsOnline& is_online,
                                  const Choice& choice) {
  std::span<const DeviceRow> left = rows(directory, account);
  Page page;
  if (!choice.after.empty()) {
    const auto before = std::ranges::find(left, choice.after, &DeviceRow::sn);
    page.is_after_known = before != left.end();
    if (!page.is_after_known) return page;
    left = {before + 1, left.end()};
  }
  std::size_t count = 0;
  for (const DeviceRow& row : left) {
    if (choice.is_wanted && !choice.is_wanted(row)) continue;
    if (count++ == choice.limit) {
      page.has_more = true;
      break;
    }
    if (!page.text.empty()) page.text += ',';
    page.text += row.before;
    page.text += is_online(row.sn) ? words.online : words.offline;
    page.text += row.after;
    page.last = row.sn;
  }
  return page;
}

}  // namespace gridloom::api
