// Maps field names to the numbers that history uses for them. A name keeps its number for ever.
//
// Thread rule: any function from any thread.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/string_map.h"
#include "history/blocks/block.h"

namespace gridloom::history {

class FieldNames {
 public:
  // `known` lists the names by number.
  explicit FieldNames(std::vector<std::string> known) : names_(std::move(known)) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      ids_.emplace(names_[i], static_cast<FieldId>(i));
    }
  }

  // Returns the number of a name; a new name gets the next number.
  [[nodiscard]] FieldId id_of(std::string_view name) {
    if (const auto known = find(name)) return *known;
    const std::unique_lock lock(mutex_);
    const auto [place, fresh] =
        ids_.try_emplace(std::string(name), static_cast<FieldId>(names_.size()));
    if (fresh) names_.emplace_back(name);
    return place->second;
  }
  // The name has this number at the process that gave it.
  void set(FieldId id, std::string_view name) {
    const std::unique_lock lock(mutex_);
    if (names_.size() <= id) names_.resize(static_cast<std::size_t>(id) + 1);
    names_[id] = name;
    ids_.insert_or_assign(std::string(name), id);
  }
  [[nodiscard]] std::optional<FieldId> find(std::string_view name) const {
    const std::shared_lock lock(mutex_);
    const auto found = ids_.find(name);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::string name_of(FieldId id) const {
    const std::shared_lock lock(mutex_);
    return id < names_.size() ? names_[id] : std::string();
  }
  [[nodiscard]] std::size_t size() const {
    const std::shared_lock lock(mutex_);
    return names_.size();
  }

 private:
  mutable std::shared_mutex mutex_;
  std::vector<std::string> names_;
  StringMap<FieldId> ids_;
};

}  // namespace gridloom::history
