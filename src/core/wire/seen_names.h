// The member names seen so far in the objects of a JSON text, to detect duplicates. The input comes
// from unauthenticated clients: names whose hashes were chosen to collide are kept in an ordered
// set beside the hash table, so that no input is slow to check. One thread.
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
  // The maximum number of slots probed in one lookup; a half-full table usually needs a few.
  static constexpr std::size_t kMaxSteps = 32;

  // False if the object already has the name. Objects are numbered from 1.
  bool add(std::size_t object, std::string_view name);

  [[nodiscard]] std::size_t count() const { return used_; }
  // The number of names that are kept outside the hash table.
  [[nodiscard]] std::size_t collided() const;

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

  std::vector<Slot> slots_;  // the size is a power of two; at most half are used
  std::string text_;
  std::map<std::size_t, Names> collided_;  // by object
  std::size_t used_ = 0;
};

}  // namespace gridloom::wire
