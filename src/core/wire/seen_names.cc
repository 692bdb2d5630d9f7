#include "wire/seen_names.h"

#include <utility>

namespace gridloom::wire {

bool SeenNames::add(std::size_t object, std::string_view name) {
  if (2 * (used_ + 1) > slots_.size()) grow();
  const std::size_t hash = std::hash<std::string_view>{}(name) ^ (object * 0x9e3779b97f4a7c15ULL);
  Slot* slot = &slots_[hash & (slots_.size() - 1)];
  std::size_t steps = 0;
  for (; slot->object != 0 && steps < kMaxSteps; slot = next(slot), ++steps) {
    if (slot->hash == hash && slot->object == object && text(*slot) == name) return false;
  }
  const auto collided = collided_.find(object);
  if (collided != collided_.end() && collided->second.contains(name)) return false;
  ++used_;
  if (steps == kMaxSteps) {
    collided_[object].emplace(name);
    return true;
  }
  *slot = {.hash = hash, .object = object, .start = text_.size(), .size = name.size()};
  text_.append(name);
  return true;
}

std::size_t SeenNames::collided() const {
  std::size_t count = 0;
  for (const auto& [object, names] : collided_) count += names.size();
  return count;
}

// Names in collided_ stay there: only names of the old table are moved.
void SeenNames::grow() {
  const std::vector<Slot> old =
      std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 32 : 2 * slots_.size()));
  for (const Slot& moved : old) {
    if (moved.object == 0) continue;
    Slot* slot = &slots_[moved.hash & (slots_.size() - 1)];
    std::size_t steps = 0;
    for (; slot->object != 0 && steps < kMaxSteps; ++steps) slot = next(slot);
    if (steps < kMaxSteps) {
      *slot = moved;
    } else {
      collided_[moved.object].emplace(text(moved));
    }
  }
}

}  // namespace gridloom::wire
