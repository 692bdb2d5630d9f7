// Which names the objects of a JSON text have had so far, so that none stands twice. This reads
// what strangers send: names whose hashes were chosen to collide are kept in order beside the
// table, so that there is no text for which it is slow. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::wire {

class SeenNames {
 public:
  // Names that one look at the table meets at most; half full, it needs a few.
  static constexpr std::size_t kMostSteps = 32;

  // False when the object has the name already. Objects count from 1.
  bool add(std::size_t object, std::string_view name);

  [[nodiscard]] std::size_t count() const { return used_; }
  // How many of them found no place in the table.
  [[nodiscard]] std::size_t crowded() const;

 private:
  struct Slot {
    std::size_t hash = 0;
    std::size_t object = 0;  // 0: a free slot
    std::size_t start = 0;   // in text_
    std::size_t size = 0;
  };
  using Names = std::set<std::string, std::less<>>;

  [[nodiscard]] std::string_view text(const Slot& slot) const {
    return std::string_view(text_).substr(slot.start, slot.size);
  }
  Slot* next(Slot* slot) { return ++slot == slots_.data() + slots_.size() ? slots_.data() : slot; }
  void grow();

  std::vector<Slot> slots_;  // a power of two of them, at most half used
  std::string text_;
  std::map<std::size_t, Names> crowded_;  // by object
  std::size_t used_ = 0;
};

}  // namespace gridloom::wire
