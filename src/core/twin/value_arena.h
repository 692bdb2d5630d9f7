// The JSON texts of a twin's declared quotas, by slot, in one block of memory instead of a string
// each: a twin of two hundred short values needs less than 2 kB.
//
// Each value has a cell in the block. A cell has room for the longest text that it had, so that
// most changes are written in place; a text that does not fit gets a new cell at the end, and the
// block is written anew, without the unused cells, when it is full. A set() costs amortized time in
// proportion to its text. Long texts are strings of their own.
//
// Allocates nothing before the first value. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/lazy.h"
#include "twin/member.h"

namespace gridloom::twin {

class ValueArena {
 public:
  explicit ValueArena(std::size_t slots) : slots_(slots) {}

  [[nodiscard]] std::size_t slots() const { return slots_; }
  // Empty: the slot has no value. Valid until the next call of set(). Requires slot < slots().
  [[nodiscard]] std::string_view text(std::size_t slot) const;
  // Returns whether the text was another one. Requires slot < slots(), and a text that is no part
  // of this arena.
  bool set(std::size_t slot, std::string_view text) {
    return !has_in_cell(slot, text) && change(slot, text);
  }

  // Bytes that are allocated.
  [[nodiscard]] std::size_t allocated_bytes() const;

 private:
  static constexpr std::size_t kUnit = 2;  // bytes

  // No text in a cell contains '\0', so that a text which ends with another byte ends where the
  // filling begins.
  [[nodiscard]] bool has_in_cell(std::size_t slot, std::string_view text) const {
    if (begins_.empty() || begins_[slot] == 0 || text.empty() || text.back() == '\0') return false;
    const char* const cell = cells_.data() + begins_[slot] * kUnit;
    const std::size_t most = static_cast<std::uint8_t>(*cell) * kUnit - 1;
    return text.size() <= most && same_bytes(cell + 1, text.data(), text.size()) &&
           (text.size() == most || cell[1 + text.size()] == '\0');
  }
  // As set(), for a text that the slot's cell does not have.
  bool change(std::size_t slot, std::string_view text);
  // Makes a cell for a text of this size unless the slot's cell is large enough. False: the arena
  // is full.
  bool reserve_cell(std::size_t slot, std::size_t bytes);
  // Writes the block anew, with room for `units` more.
  void rewrite(std::size_t units);
  void remove_cell(std::size_t slot);
  [[nodiscard]] std::size_t units_of(std::size_t slot) const;

  std::size_t slots_;
  // By slot, where its cell begins, in units of kUnit bytes; 0: the slot has no cell. Empty before
  // the first value.
  std::vector<std::uint16_t> begins_;
  // Cells: the size of the cell in units, the text, and zeros.
  std::vector<char> cells_;
  std::size_t unused_units_ = 0;  // of cells that no slot has any more
  using LongTexts = std::unordered_map<std::size_t, std::string>;
  Lazy<LongTexts> long_;  // texts without a cell, by slot
};

}  // namespace gridloom::twin
