#include "app/command_line/value_changes.h"

#include <fmt/format.h>

#include <map>
#include <string_view>
#include <utility>

#include "base/printable.h"

namespace gridloom::app {

std::vector<ValueChange> changes_between(const std::vector<SeenValue>& before,
                                         const std::vector<SeenValue>& now) {
  using Key = std::pair<std::string_view, std::string_view>;
  std::map<Key, const SeenValue*> known;
  for (const SeenValue& each : before) known.emplace(Key(each.sn, each.field), &each);
  std::vector<ValueChange> changes;
  for (const SeenValue& each : now) {
    const auto found = known.find({each.sn, each.field});
    if (found == known.end()) {
      changes.push_back({.before = nullptr, .now = &each});
    } else if (found->second->value != each.value) {
      changes.push_back({.before = found->second, .now = &each});
    }
  }
  return changes;
}

std::string change_line(const ValueChange& change, const std::string& clock) {
  const SeenValue& now = *change.now;
  std::string line = fmt::format("{}  {}  {}  ", clock, now.sn, now.field);
  if (change.before != nullptr) line += change.before->text + " -> ";
  return printable(line + now.text);
}

wire::JsonObject change_json(const ValueChange& change, const std::string& at) {
  const SeenValue& now = *change.now;
  return {{"at", at},
          {"sn", now.sn},
          {"field", now.field},
          {"before", change.before == nullptr ? wire::Json() : change.before->value},
          {"value", now.value},
          {"text", now.text}};
}

}  // namespace gridloom::app
