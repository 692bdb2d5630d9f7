#include "bridges/meter/group.h"

#include <map>
#include <mutex>
#include <tuple>

namespace gridloom::bridges::meter {

std::shared_ptr<Group> Group::join(const Loop& loop, registry::AccountId account,
                                   const std::string& name) {
  using Key = std::tuple<const Loop*, registry::AccountId, std::string>;
  static std::mutex mutex;
  static std::map<Key, std::weak_ptr<Group>> groups;
  const std::lock_guard lock(mutex);
  std::erase_if(groups, [](const auto& one) { return one.second.expired(); });
  auto& known = groups[Key(&loop, account, name)];
  auto group = known.lock();
  if (!group) known = group = std::make_shared<Group>();
  return group;
}

}  // namespace gridloom::bridges::meter
